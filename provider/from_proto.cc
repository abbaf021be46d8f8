// SPDX-License-Identifier: MPL-2.0
#include "provider/from_proto.h"

#include <string>
#include <utility>

#include "provider/json_value.h"
#include "provider/msgpack.h"
#include "provider/object_type.h"

namespace dbaas {

Result<Value> FromProto(const tfplugin6::DynamicValue& dynamic, const Type& type,
                        const char* what) {
  const std::string reading = std::string("reading ") + what;
  if (!dynamic.msgpack().empty()) return TRY_IN(DecodeMsgpack(dynamic.msgpack(), type), reading);
  if (!dynamic.json().empty()) return TRY_IN(DecodeJson(dynamic.json(), type), reading);
  return Value::Null();
}

Result<Value> FromProto(const tfplugin6::RawState& raw, const Schema& schema, const Type& type) {
  if (!raw.flatmap().empty()) {
    return Invalid("", "the stored state has the form of Terraform 0.11",
                   "No release of this provider ever wrote such a state.");
  }
  Value state = TRY_IN(DecodeJson(raw.json(), type), "reading the stored state");
  return WithEmptyBlocks(std::move(state), schema);
}

}  // namespace dbaas
