// SPDX-License-Identifier: MPL-2.0
#include "provider/msgpack.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "provider/json_value.h"

namespace dbaas {
namespace {

// A byte can claim four thousand million items, and each item that is really there takes one byte
// on the wire but sixty in memory. No object of ours has a thousand.
constexpr std::size_t kMaxItems = 500'000;

Error Malformed(const std::string& why) { return Internal("a value is not valid msgpack", why); }

/// One token: a scalar, or the head of an array or map whose items follow.
struct Item {
  enum class Kind { kNull, kBool, kNumber, kText, kArray, kMap, kUnknown };
  Kind kind = Kind::kNull;
  bool truth = false;
  Number number;
  std::string_view text;   ///< kText; points into the input.
  std::uint64_t size = 0;  ///< kArray, kMap: how many items or pairs follow.
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }

  /// Set while a value is read that brought its type along. What is open inside of it is null or
  /// unknown, or bytes could claim any depth.
  bool in_dynamic = false;

  Result<Item> Next() {
    if (rest_.empty()) return Malformed("it ends too early");
    if (++items_ > kMaxItems) return Malformed("it has too many items");
    const auto head = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (head <= 0x7f) return Integer(head);
    if (head <= 0x8f) return Container(Item::Kind::kMap, head & 0x0f);
    if (head <= 0x9f) return Container(Item::Kind::kArray, head & 0x0f);
    if (head <= 0xbf) return Text(head & 0x1f);
    if (head >= 0xe0) return Integer(static_cast<std::int8_t>(head));
    return Long(head);
  }

  /// Reads over one value. Items are counted rather than entered, so that no nesting is too deep.
  Result<void> Skip() {
    for (std::uint64_t expected = 1; expected > 0; --expected) {
      const Item item = TRY(Next());
      if (item.kind == Item::Kind::kArray) expected += item.size;
      if (item.kind == Item::Kind::kMap) expected += 2 * item.size;
    }
    return Ok();
  }

 private:
  /// The heads from 0xc0 to 0xdf: everything that says its length or width in bytes of its own.
  Result<Item> Long(std::uint8_t head) {
    switch (head) {
      case 0xc0: return Item{};
      case 0xc2:
      case 0xc3: return Item{.kind = Item::Kind::kBool, .truth = head == 0xc3};
      case 0xc4:  // Binary data is read as text.
      case 0xd9: return Text(TRY(Unsigned(1)));
      case 0xc5:
      case 0xda: return Text(TRY(Unsigned(2)));
      case 0xc6:
      case 0xdb: return Text(TRY(Unsigned(4)));
      case 0xc7: return Extension(TRY(Unsigned(1)));
      case 0xc8: return Extension(TRY(Unsigned(2)));
      case 0xc9: return Extension(TRY(Unsigned(4)));
      case 0xca: return Real(std::bit_cast<float>(static_cast<std::uint32_t>(TRY(Unsigned(4)))));
      case 0xcb: return Real(std::bit_cast<double>(TRY(Unsigned(8))));
      case 0xcc: return Integer(static_cast<std::int64_t>(TRY(Unsigned(1))));
      case 0xcd: return Integer(static_cast<std::int64_t>(TRY(Unsigned(2))));
      case 0xce: return Integer(static_cast<std::int64_t>(TRY(Unsigned(4))));
      case 0xcf: return BigInteger(TRY(Unsigned(8)));
      case 0xd0: return Integer(static_cast<std::int8_t>(TRY(Unsigned(1))));
      case 0xd1: return Integer(static_cast<std::int16_t>(TRY(Unsigned(2))));
      case 0xd2: return Integer(static_cast<std::int32_t>(TRY(Unsigned(4))));
      case 0xd3: return Integer(static_cast<std::int64_t>(TRY(Unsigned(8))));
      case 0xd4: return Extension(1);
      case 0xd5: return Extension(2);
      case 0xd6: return Extension(4);
      case 0xd7: return Extension(8);
      case 0xd8: return Extension(16);
      case 0xdc: return Container(Item::Kind::kArray, TRY(Unsigned(2)));
      case 0xdd: return Container(Item::Kind::kArray, TRY(Unsigned(4)));
      case 0xde: return Container(Item::Kind::kMap, TRY(Unsigned(2)));
      case 0xdf: return Container(Item::Kind::kMap, TRY(Unsigned(4)));
      default: return Malformed("it holds a byte that the format does not use");
    }
  }

  static Item Integer(std::int64_t value) {
    return {.kind = Item::Kind::kNumber, .number = Number(value)};
  }

  static Result<Item> BigInteger(std::uint64_t value) {
    const auto number = Number::FromText(std::to_string(value));
    return Item{.kind = Item::Kind::kNumber, .number = *number};
  }

  static Result<Item> Real(double value) {
    if (std::isnan(value)) return Malformed("it holds a number that is not a number");
    return Item{.kind = Item::Kind::kNumber, .number = Number::FromDouble(value)};
  }

  static Item Container(Item::Kind kind, std::uint64_t size) {
    return {.kind = kind, .size = size};
  }

  Result<Item> Text(std::uint64_t length) {
    return Item{.kind = Item::Kind::kText, .text = TRY(Take(length))};
  }

  /// One byte of code and `length` of payload: an unknown value, whatever they say.
  Result<Item> Extension(std::uint64_t length) {
    TRY(Take(length + 1));
    return Item{.kind = Item::Kind::kUnknown};
  }

  Result<std::string_view> Take(std::uint64_t length) {
    if (length > rest_.size()) return Malformed("it ends too early");
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }

  /// Big-endian.
  Result<std::uint64_t> Unsigned(int width) {
    std::uint64_t value = 0;
    for (const char byte : TRY(Take(width))) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  std::string_view rest_;
  std::size_t items_ = 0;
};

Error Unexpected(const char* expected) {
  return Internal("a value does not fit the schema", std::string(expected) + " was expected");
}

Result<Value> Decode(Reader& reader, const Type& type);

Result<Value> DecodeNumber(const Item& item) {
  if (item.kind == Item::Kind::kNumber) return Value::Num(item.number);
  if (item.kind != Item::Kind::kText) return Unexpected("a number");
  auto number = Number::FromText(std::string(item.text));
  if (!number) return Unexpected("a number");
  return Value::Num(*std::move(number));
}

Result<Value> DecodeList(Reader& reader, const Item& head, const Type& element) {
  if (head.kind != Item::Kind::kArray) return Unexpected("a list");
  Value::List items;  // Not reserved: the size is a claim.
  for (std::uint64_t index = 0; index < head.size; ++index) {
    items.push_back(TRY_IN(Decode(reader, element), "item " + std::to_string(index)));
  }
  return Value::ListOf(std::move(items));
}

Result<std::string> DecodeKey(Reader& reader) {
  const Item key = TRY(reader.Next());
  if (key.kind != Item::Kind::kText) return Unexpected("a key");
  return std::string(key.text);
}

Result<Value> DecodeMap(Reader& reader, const Item& head, const Type& element) {
  if (head.kind != Item::Kind::kMap) return Unexpected("a map");
  Value::Map members;
  for (std::uint64_t index = 0; index < head.size; ++index) {
    std::string key = TRY(DecodeKey(reader));
    Value value = TRY_IN(Decode(reader, element), key);
    members.insert_or_assign(std::move(key), std::move(value));
  }
  return Value::Object(std::move(members));
}

const Type* FindMember(const Type& type, const std::string& name) {
  for (const Attribute& member : type.members) {
    if (member.name == name) return &member.type;
  }
  return nullptr;
}

Result<Value> DecodeObject(Reader& reader, const Item& head, const Type& type) {
  if (head.kind != Item::Kind::kMap) return Unexpected("an object");
  Value::Map members;
  for (const Attribute& member : type.members) members.emplace(member.name, Value::Null());
  for (std::uint64_t index = 0; index < head.size; ++index) {
    const std::string name = TRY(DecodeKey(reader));
    if (const Type* member = FindMember(type, name)) {
      members[name] = TRY_IN(Decode(reader, *member), name);
    } else {
      TRY(reader.Skip());
    }
  }
  return Value::Object(std::move(members));
}

Result<Value> DecodeTuple(Reader& reader, const Item& head, const Type& type) {
  if (head.kind != Item::Kind::kArray || head.size != type.members.size()) {
    return Unexpected("a list of its length");
  }
  Value::List items;
  for (const Attribute& item : type.members) {
    items.push_back(TRY_IN(Decode(reader, item.type), "item " + std::to_string(items.size())));
  }
  return Value::ListOf(std::move(items));
}

Result<Value> DecodeDynamic(Reader& reader, const Item& head) {
  if (reader.in_dynamic) return Unexpected("null, or an unknown value");
  if (head.kind != Item::Kind::kArray || head.size != 2) return Unexpected("a type and a value");
  const Item json = TRY(reader.Next());
  if (json.kind != Item::Kind::kText) return Unexpected("a type");
  const Type type = TRY_IN(ReadTypeOfValue(TRY(ParseJsonValue(json.text))), "its type");
  reader.in_dynamic = true;
  Value value = TRY(Decode(reader, type));
  reader.in_dynamic = false;
  return Value::OfType(type.ToJson(), std::move(value));
}

/// Goes only as deep as the type does, whatever the bytes say.
Result<Value> Decode(Reader& reader, const Type& type) {
  const Item item = TRY(reader.Next());
  if (item.kind == Item::Kind::kNull) return Value::Null();
  if (item.kind == Item::Kind::kUnknown) return Value::Unknown();
  switch (type.kind) {
    case Type::Kind::kBool:
      if (item.kind != Item::Kind::kBool) return Unexpected("true or false");
      return Value::Bool(item.truth);
    case Type::Kind::kString:
      if (item.kind != Item::Kind::kText) return Unexpected("a string");
      return Value::String(std::string(item.text));
    case Type::Kind::kNumber: return DecodeNumber(item);
    case Type::Kind::kList: return DecodeList(reader, item, *type.element);
    case Type::Kind::kSet:
      return Value::SetOf(TRY(DecodeList(reader, item, *type.element)).as_list());
    case Type::Kind::kMap: return DecodeMap(reader, item, *type.element);
    case Type::Kind::kObject: return DecodeObject(reader, item, type);
    case Type::Kind::kTuple: return DecodeTuple(reader, item, type);
    case Type::Kind::kDynamic: return DecodeDynamic(reader, item);
  }
  return Unexpected("another kind");
}

class Writer {
 public:
  Result<void> Write(const Value& value, const Type& type) {
    if (type.kind == Type::Kind::kDynamic && !value.type().empty()) return WriteDynamic(value);
    if (value.is_null()) {
      Byte(0xc0);
      return Ok();
    }
    if (value.is_unknown()) {
      bytes_.append("\xd4\x00\x00", 3);
      return Ok();
    }
    switch (type.kind) {
      case Type::Kind::kBool:
        if (value.kind() != Value::Kind::kBool) return Unexpected("true or false");
        Byte(value.as_bool() ? 0xc3 : 0xc2);
        return Ok();
      case Type::Kind::kString:
        if (value.kind() != Value::Kind::kString) return Unexpected("a string");
        Text(value.as_string());
        return Ok();
      case Type::Kind::kNumber:
        if (value.kind() != Value::Kind::kNumber) return Unexpected("a number");
        WriteNumber(value.as_number());
        return Ok();
      case Type::Kind::kList:
      case Type::Kind::kSet: return WriteList(value, *type.element);
      case Type::Kind::kMap: return WriteMap(value, *type.element);
      case Type::Kind::kObject: return WriteObject(value, type);
      case Type::Kind::kTuple: return WriteTuple(value, type);
      case Type::Kind::kDynamic: return Unexpected("a value that says its type");
    }
    return Unexpected("another kind");
  }

  std::string Take() && { return std::move(bytes_); }

 private:
  void Byte(std::uint8_t byte) { bytes_ += static_cast<char>(byte); }

  void BigEndian(std::uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      Byte(static_cast<std::uint8_t>(value >> shift));
    }
  }

  /// The shortest of the three forms of a size, where there is one below 16 (or 32, for strings).
  void Size(std::size_t size, std::size_t short_limit, std::uint8_t short_head,
            std::optional<std::uint8_t> head8, std::uint8_t head16) {
    if (size < short_limit) {
      Byte(short_head | static_cast<std::uint8_t>(size));
    } else if (head8 && size <= std::numeric_limits<std::uint8_t>::max()) {
      Byte(*head8);
      BigEndian(size, 1);
    } else if (size <= std::numeric_limits<std::uint16_t>::max()) {
      Byte(head16);
      BigEndian(size, 2);
    } else {
      Byte(head16 + 1);
      BigEndian(size, 4);
    }
  }

  void Text(std::string_view text) {
    Size(text.size(), 32, 0xa0, 0xd9, 0xda);
    bytes_ += text;
  }

  void Integer(std::int64_t value) {
    if (value >= 0) {
      Positive(static_cast<std::uint64_t>(value));
    } else if (value >= -32) {
      Byte(static_cast<std::uint8_t>(value));
    } else {
      Negative(value);
    }
  }

  void Positive(std::uint64_t value) {
    if (value <= 0x7f) return Byte(static_cast<std::uint8_t>(value));
    const int step = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffff ? 2 : 3;
    Byte(0xcc + step);
    BigEndian(value, 1 << step);
  }

  void Negative(std::int64_t value) {
    const int step = value >= std::numeric_limits<std::int8_t>::min()    ? 0
                     : value >= std::numeric_limits<std::int16_t>::min() ? 1
                     : value >= std::numeric_limits<std::int32_t>::min() ? 2
                                                                         : 3;
    Byte(0xd0 + step);
    BigEndian(static_cast<std::uint64_t>(value), 1 << step);
  }

  void WriteNumber(const Number& number) {
    if (const auto integer = number.AsInt()) {
      Integer(*integer);
    } else if (number.IsDouble()) {
      Byte(0xcb);
      BigEndian(std::bit_cast<std::uint64_t>(number.AsDouble()), 8);
    } else {
      Text(number.ToText());
    }
  }

  Result<void> WriteList(const Value& value, const Type& element) {
    if (value.kind() != Value::Kind::kList) return Unexpected("a list");
    Size(value.as_list().size(), 16, 0x90, std::nullopt, 0xdc);
    int index = 0;
    for (const Value& item : value.as_list()) {
      TRY_IN(Write(item, element), "item " + std::to_string(index));
      ++index;
    }
    return Ok();
  }

  Result<void> WriteTuple(const Value& value, const Type& type) {
    const bool fits =
        value.kind() == Value::Kind::kList && value.as_list().size() == type.members.size();
    if (!fits) return Unexpected("a list of its length");
    Size(value.as_list().size(), 16, 0x90, std::nullopt, 0xdc);
    for (std::size_t i = 0; i < type.members.size(); ++i) {
      TRY_IN(Write(value.as_list()[i], type.members[i].type), "item " + std::to_string(i));
    }
    return Ok();
  }

  Result<void> WriteDynamic(const Value& value) {
    const Type type = TRY(ReadTypeOfValue(TRY(ParseJsonValue(value.type()))));
    Size(2, 16, 0x90, std::nullopt, 0xdc);
    Size(value.type().size(), 0, 0, 0xc4, 0xc5);
    bytes_ += value.type();
    return Write(value, type);
  }

  Result<void> WriteMap(const Value& value, const Type& element) {
    if (value.kind() != Value::Kind::kMap) return Unexpected("a map");
    Size(value.as_map().size(), 16, 0x80, std::nullopt, 0xde);
    for (const auto& [key, item] : value.as_map()) {
      Text(key);
      TRY_IN(Write(item, element), key);
    }
    return Ok();
  }

  Result<void> WriteObject(const Value& value, const Type& type) {
    if (value.kind() != Value::Kind::kMap) return Unexpected("an object");
    Size(type.members.size(), 16, 0x80, std::nullopt, 0xde);
    std::size_t found = 0;
    for (const Attribute& member : type.members) {
      found += value.as_map().count(member.name);
      Text(member.name);
      TRY_IN(Write(value.at(member.name), member.type), member.name);
    }
    if (found != value.as_map().size()) return Unexpected("an object of known attributes only");
    return Ok();
  }

  std::string bytes_;
};

}  // namespace

Result<Value> DecodeMsgpack(std::string_view bytes, const Type& type) {
  Reader reader(bytes);
  Value value = TRY(Decode(reader, type));
  if (!reader.AtEnd()) return Malformed("something follows it");
  return value;
}

Result<std::string> EncodeMsgpack(const Value& value, const Type& type) {
  Writer writer;
  TRY(writer.Write(value, type));
  return std::move(writer).Take();
}

}  // namespace dbaas
