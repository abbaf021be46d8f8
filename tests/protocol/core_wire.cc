// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/core_wire.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/base/json.h"

namespace dbaas::core {
namespace {

Error Wrong(const std::string& what) { return Invalid("", what); }

/// Of a list or set they are all one, of a tuple each has its own.
const Type& ElementOf(const Type& type, std::size_t index) {
  return type.element[type.kind == Type::Kind::kTuple ? index : 0];
}

// ---- Reading -----------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool AtEnd() const { return rest_.empty(); }

  Result<Value> Read(const Type& type) {
    const auto head = static_cast<std::uint8_t>(TRY(Take(1)).front());
    if (type.kind == Type::Kind::kDynamic && head == 0x92) return ReadDynamic();
    if (head == 0xc0) return Value::Null();
    if (IsExtension(head)) return ReadUnknown(head);
    switch (type.kind) {
      case Type::Kind::kString: return Value::String(std::string(TRY(ReadText(head))));
      case Type::Kind::kBool:
        if (head != 0xc2 && head != 0xc3) return Wrong("a bool is required");
        return Value::Bool(head == 0xc3);
      case Type::Kind::kNumber: return ReadNumber(head);
      case Type::Kind::kList:
      case Type::Kind::kSet: return ReadList(TRY(ReadSize(head, 0x90, 0xdc)), type);
      case Type::Kind::kMap: return ReadMap(TRY(ReadSize(head, 0x80, 0xde)), type);
      case Type::Kind::kObject: return ReadObject(TRY(ReadSize(head, 0x80, 0xde)), type);
      case Type::Kind::kTuple: return ReadTuple(TRY(ReadSize(head, 0x90, 0xdc)), type);
      case Type::Kind::kDynamic: return Wrong("a type and a value are required");
    }
    return Wrong("a value of another kind");
  }

 private:
  static bool IsExtension(std::uint8_t head) {
    return (head >= 0xd4 && head <= 0xd8) || (head >= 0xc7 && head <= 0xc9);
  }

  Result<Value> ReadUnknown(std::uint8_t head) {
    const std::uint64_t length =
        head >= 0xd4 ? std::uint64_t{1} << (head - 0xd4) : TRY(BigEndian(1 << (head - 0xc7)));
    TRY(Take(1 + length));
    return Value::Unknown();
  }

  Result<std::string_view> ReadText(std::uint8_t head) {
    if ((head & 0xe0) == 0xa0) return Take(head & 0x1f);
    if (head >= 0xd9 && head <= 0xdb) return Take(TRY(BigEndian(1 << (head - 0xd9))));
    return Wrong("a string is required");
  }

  Result<Value> ReadNumber(std::uint8_t head) {
    if (head <= 0x7f || head >= 0xe0) return Value::Int(static_cast<std::int8_t>(head));
    if (head >= 0xcc && head <= 0xcf) {
      return FromText(std::to_string(TRY(BigEndian(1 << (head - 0xcc)))));
    }
    if (head >= 0xd0 && head <= 0xd3) {
      const int width = 1 << (head - 0xd0);
      const int unused = 64 - 8 * width;
      return Value::Int(static_cast<std::int64_t>(TRY(BigEndian(width)) << unused) >> unused);
    }
    if (head == 0xcb) {
      const auto real = std::bit_cast<double>(TRY(BigEndian(8)));
      if (std::isnan(real)) return Wrong("a number is not a number");
      return Value::Num(Number::FromDouble(real));
    }
    return FromText(std::string(TRY(ReadText(head))));
  }

  static Result<Value> FromText(const std::string& text) {
    const auto number = Number::FromText(text);
    if (!number) return Wrong("a number is required");
    return Value::Num(*number);
  }

  Result<std::uint64_t> ReadSize(std::uint8_t head, std::uint8_t fixed, std::uint8_t head16) {
    if ((head & 0xf0) == fixed) return std::uint64_t{head} & 0x0f;
    if (head == head16) return BigEndian(2);
    if (head == head16 + 1) return BigEndian(4);
    return Wrong("a collection is required");
  }

  Result<Value> ReadList(std::uint64_t size, const Type& type) {
    Value::List items;
    for (std::uint64_t i = 0; i < size; ++i) {
      items.push_back(TRY_IN(Read(type.element.front()), "[" + std::to_string(i) + "]"));
    }
    return Canonical(Value::ListOf(std::move(items)), type);
  }

  Result<Value> ReadTuple(std::uint64_t size, const Type& type) {
    if (size != type.element.size()) return Wrong("a tuple of another length");
    Value::List items;
    for (const Type& item : type.element) items.push_back(TRY(Read(item)));
    return Value::ListOf(std::move(items));
  }

  /// The type is binary data.
  Result<Value> ReadDynamic() {
    const auto head = static_cast<std::uint8_t>(TRY(Take(1)).front());
    if (head < 0xc4 || head > 0xc6) return Wrong("a type is required");
    std::string json(TRY(Take(TRY(BigEndian(1 << (head - 0xc4))))));
    std::vector<std::string> complaints;
    const Type type = ReadType(json, "the type of a value", complaints);
    if (!complaints.empty()) return Wrong(complaints.front());
    if (type.kind == Type::Kind::kDynamic) return Wrong("a value whose type is not known");
    Value value = TRY_IN(Read(type), json);
    return Value::OfType(std::move(json), std::move(value));
  }

  Result<std::string> ReadKey() {
    const auto head = static_cast<std::uint8_t>(TRY(Take(1)).front());
    return std::string(TRY(ReadText(head)));
  }

  Result<Value> ReadMap(std::uint64_t size, const Type& type) {
    Value::Map members;
    for (std::uint64_t i = 0; i < size; ++i) {
      std::string key = TRY(ReadKey());
      Value value = TRY_IN(Read(type.element.front()), key);
      if (!members.emplace(key, std::move(value)).second) return Wrong("the key " + key + " twice");
    }
    return Value::Object(std::move(members));
  }

  Result<Value> ReadObject(std::uint64_t size, const Type& type) {
    if (size != type.members.size()) {
      return Wrong("an object with " + std::to_string(type.members.size()) +
                   " attributes is required (" + std::to_string(size) + " given)");
    }
    Value::Map members;
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::string name = TRY(ReadKey());
      const Member* member = type.Find(name);
      if (member == nullptr) return Wrong("unsupported attribute " + name);
      Value value = TRY_IN(Read(member->type), name);
      const bool must_be_there = member->form == Member::Form::kBlock &&
                                 member->nesting != Nesting::kSingle && value.is_null();
      if (must_be_there) return Wrong(name + ": null, and its blocks can only be absent");
      if (!members.emplace(name, std::move(value)).second) return Wrong(name + " twice");
    }
    return Value::Object(std::move(members));
  }

  Result<std::string_view> Take(std::uint64_t length) {
    if (length > rest_.size()) return Wrong("the value ends too early");
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }

  Result<std::uint64_t> BigEndian(int width) {
    std::uint64_t value = 0;
    for (const char byte : TRY(Take(width))) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  std::string_view rest_;
};

// ---- Writing -----------------------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(SeededRandom* variety) : variety_(variety) {}

  void Write(const Value& value, const Type& type) {
    if (type.kind == Type::Kind::kDynamic && !value.type().empty()) return WriteDynamic(value);
    if (value.is_null()) return Byte(0xc0);
    if (value.is_unknown()) return WriteUnknown(type);
    switch (type.kind) {
      case Type::Kind::kString: return WriteText(value.as_string(), Chance());
      case Type::Kind::kBool: return Byte(value.as_bool() ? 0xc3 : 0xc2);
      case Type::Kind::kNumber: return WriteNumber(value.as_number());
      case Type::Kind::kList:
      case Type::Kind::kSet: return WriteList(value.as_list(), type);
      case Type::Kind::kMap:
      case Type::Kind::kObject: return WriteMap(value.as_map(), type);
      case Type::Kind::kTuple: return WriteList(value.as_list(), type);
      case Type::Kind::kDynamic: throw std::invalid_argument("no type: " + value.ToText());
    }
  }

  std::string Take() && { return std::move(bytes_); }

 private:
  bool Chance() { return variety_ != nullptr && variety_->Chance(30); }

  void Byte(int byte) { bytes_ += static_cast<char>(byte); }
  void BigEndian(std::uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      Byte(static_cast<int>(value >> shift & 0xff));
    }
  }

  void WriteUnknown(const Type& type) {
    if (!Chance()) {
      bytes_.append("\xd4\x00\x00", 3);
    } else if (type.kind == Type::Kind::kString && variety_->Chance(50)) {
      bytes_.append("\xc7\x09\x0c\x82\x01\xc2\x02\xa4pre-", 12);  // Not null, begins with "pre-".
    } else if (type.kind != Type::Kind::kDynamic && variety_->Chance(50)) {
      bytes_.append("\xc7\x03\x0c\x81\x01\xc2", 6);  // Not null.
    } else {
      bytes_.append("\xc7\x00\x08", 3);  // A code of the future, without anything in it.
    }
  }

  void Size(std::size_t size, std::size_t limit, int fixed, int head8, int head16) {
    const bool wide = Chance();
    if (size < limit && !wide) {
      Byte(fixed | static_cast<int>(size));
    } else if (head8 != 0 && size <= 0xff && !wide) {
      Byte(head8);
      BigEndian(size, 1);
    } else if (size <= 0xffff) {
      Byte(head16);
      BigEndian(size, 2);
    } else {
      Byte(head16 + 1);
      BigEndian(size, 4);
    }
  }

  void WriteText(const std::string& text, bool as_binary = false) {
    if (as_binary && text.size() <= 0xff) {
      Byte(0xc4);
      BigEndian(text.size(), 1);
    } else {
      Size(text.size(), 32, 0xa0, 0xd9, 0xda);
    }
    bytes_ += text;
  }

  void WriteNumber(const Number& number) {
    const auto integer = number.AsInt();
    if (Chance()) return WriteText(number.ToText());
    if (integer && (Chance() || *integer < -32)) {
      Byte(0xd3);
      BigEndian(static_cast<std::uint64_t>(*integer), 8);
    } else if (integer && *integer <= 0x7f) {
      Byte(static_cast<int>(*integer & 0xff));
    } else if (integer) {
      const int step = *integer <= 0xff ? 0 : *integer <= 0xffff ? 1 : *integer >> 32 == 0 ? 2 : 3;
      Byte(0xcc + step);
      BigEndian(static_cast<std::uint64_t>(*integer), 1 << step);
    } else if (number.IsDouble()) {
      Byte(0xcb);
      BigEndian(std::bit_cast<std::uint64_t>(number.AsDouble()), 8);
    } else {
      WriteText(number.ToText());
    }
  }

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    if (variety_ == nullptr) return;
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[variety_->Below(i)]);
    }
  }

  void WriteList(const Value::List& items, const Type& type) {
    Size(items.size(), 16, 0x90, 0, 0xdc);
    std::vector<const Value*> order;
    for (const Value& item : items) order.push_back(&item);
    if (type.kind == Type::Kind::kSet) Shuffle(order);
    for (std::size_t i = 0; i < order.size(); ++i) Write(*order[i], ElementOf(type, i));
  }

  void WriteDynamic(const Value& value) {
    Byte(0x92);
    Size(value.type().size(), 0, 0, 0xc4, 0xc5);
    bytes_ += value.type();
    Write(value, TypeOf(value));
  }

  void WriteMap(const Value::Map& members, const Type& type) {
    Size(members.size(), 16, 0x80, 0, 0xde);
    std::vector<const Value::Map::value_type*> order;
    for (const auto& member : members) order.push_back(&member);
    Shuffle(order);
    for (const auto* member : order) {
      WriteText(member->first);
      const bool map = type.kind == Type::Kind::kMap;
      Write(member->second, map ? type.element.front() : type.Find(member->first)->type);
    }
  }

  SeededRandom* variety_;
  std::string bytes_;
};

}  // namespace

Result<Value> Decode(std::string_view bytes, const Type& type) {
  Reader reader(bytes);
  Value value = TRY(reader.Read(type));
  if (!reader.AtEnd()) return Wrong("something follows the value");
  return value;
}

std::string Encode(const Value& value, const Type& type, SeededRandom* variety) {
  Writer writer(variety);
  writer.Write(value, type);
  return std::move(writer).Take();
}

Type TypeOf(const Value& value) {
  std::vector<std::string> complaints;
  return ReadType(value.type(), "the type of a value", complaints);
}

std::string ToJson(const Value& value, const Type& type) {
  if (type.kind == Type::Kind::kDynamic && !value.type().empty()) {
    return "{\"value\":" + ToJson(value, TypeOf(value)) + ",\"type\":" + value.type() + "}";
  }
  switch (value.kind()) {
    case Value::Kind::kNull:
    case Value::Kind::kUnknown: return "null";
    case Value::Kind::kBool: return value.as_bool() ? "true" : "false";
    case Value::Kind::kNumber: return value.as_number().ToText();
    case Value::Kind::kString: return Dump(value.as_string());
    case Value::Kind::kList: {
      std::string json;
      for (std::size_t i = 0; i < value.as_list().size(); ++i) {
        json += (json.empty() ? "" : ",") + ToJson(value.as_list()[i], ElementOf(type, i));
      }
      return "[" + json + "]";
    }
    case Value::Kind::kMap: {
      std::string json;
      for (const auto& [name, member] : value.as_map()) {
        const bool map = type.kind == Type::Kind::kMap;
        json += (json.empty() ? "" : ",") + Dump(name) + ":" +
                ToJson(member, map ? type.element.front() : type.Find(name)->type);
      }
      return "{" + json + "}";
    }
  }
  return {};
}

Value Canonical(Value value, const Type& type) {
  if (type.kind == Type::Kind::kDynamic) {
    return value.type().empty() ? value : Canonical(value, TypeOf(value));
  }
  if (value.kind() == Value::Kind::kList) {
    auto& list = value.as_list();
    for (std::size_t i = 0; i < list.size(); ++i) {
      list[i] = Canonical(std::move(list[i]), ElementOf(type, i));
    }
    if (type.kind != Type::Kind::kSet) return value;
    auto& items = value.as_list();
    std::sort(items.begin(), items.end(), [&](const Value& a, const Value& b) {
      return Encode(a, type.element.front()) < Encode(b, type.element.front());
    });
    // Two that are not wholly known may turn out to differ.
    const auto is_same = [](const Value& a, const Value& b) {
      return a.is_wholly_known() && a == b;
    };
    items.erase(std::unique(items.begin(), items.end(), is_same), items.end());
  } else if (value.kind() == Value::Kind::kMap) {
    for (auto& [name, member] : value.as_map()) {
      const bool map = type.kind == Type::Kind::kMap;
      const Member* inner = map ? nullptr : type.Find(name);
      if (!map && inner == nullptr) continue;
      member = Canonical(std::move(member), map ? type.element.front() : inner->type);
    }
  }
  return value;
}

}  // namespace dbaas::core
