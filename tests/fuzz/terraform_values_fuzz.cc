// SPDX-License-Identifier: MPL-2.0
//
// What Terraform sends: msgpack and, for stored state, JSON. The first byte chooses the type and
// the format. Whatever is accepted must come out again as it is.
#include <cstdlib>
#include <string_view>

#include "provider/json_value.h"
#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "schemas/resource_type.h"

namespace dbaas {
namespace {

const std::vector<Type>& Types() {
  static const std::vector<Type> kTypes = [] {
    std::vector<Type> types = {ObjectType(AllTypes().provider)};
    for (const auto& type : AllTypes().resources) types.push_back(ObjectType(type.schema));
    for (const auto& type : AllTypes().data_sources) types.push_back(ObjectType(type.schema));
    types.push_back(Type::Dynamic());  // Which no schema of ours has.
    return types;
  }();
  return kTypes;
}

void Msgpack(std::string_view bytes, const Type& type) {
  const auto value = DecodeMsgpack(bytes, type);
  if (!value) return;
  const auto encoded = EncodeMsgpack(*value, type);
  if (!encoded) std::abort();
  const auto again = DecodeMsgpack(*encoded, type);
  if (!again || !(*again == *value)) std::abort();
}

void StoredJson(std::string_view text, const Type& type) {
  const auto value = DecodeJson(text, type);
  if (!value) return;
  const auto encoded = EncodeJson(*value, type);
  if (!encoded) return;  // An infinity can be read and not be written.
  const auto again = DecodeJson(*encoded, type);
  if (!again || !(*again == *value)) std::abort();
}

}  // namespace
}  // namespace dbaas

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& types = dbaas::Types();
  const dbaas::Type& type = types[(data[0] >> 1) % types.size()];
  if ((data[0] & 1) == 0) {
    dbaas::Msgpack(bytes, type);
  } else {
    dbaas::StoredJson(bytes, type);
  }
  return 0;
}
