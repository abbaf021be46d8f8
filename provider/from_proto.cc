// SPDX-License-Identifier: MPL-2.0
#include "provider/from_proto.h"

#include <string>
#include <string_view>
#include <utility>

#include "provider/json_value.h"
#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "schemas/upgrade.h"

namespace dbaas {
namespace {

constexpr std::string_view kMsgpackNull = "\xc0";

}  // namespace

Result<Value> FromProto(const tfplugin6::DynamicValue& dynamic, const Type& type,
                        const char* what) {
  const std::string reading = std::string("reading ") + what;
  if (!dynamic.msgpack().empty()) return TRY_IN(DecodeMsgpack(dynamic.msgpack(), type), reading);
  if (!dynamic.json().empty()) return TRY_IN(DecodeJson(dynamic.json(), type), reading);
  return Value::Null();
}

bool IsNull(const tfplugin6::DynamicValue& dynamic) {
  if (!dynamic.msgpack().empty()) return dynamic.msgpack() == kMsgpackNull;
  return dynamic.json().empty() || dynamic.json() == "null";
}

Result<Value> FromProto(const tfplugin6::RawState& raw, std::int64_t version, const Schema& schema,
                        const Type& type) {
  if (!raw.flatmap().empty()) {
    return Invalid("", "the stored state has the form of Terraform 0.11",
                   "No release of this provider ever wrote such a state.");
  }
  constexpr const char* kReading = "reading the stored state";
  Value stored = TRY_IN(ParseJsonValue(raw.json()), kReading);
  stored = TRY(Upgraded(schema, version, std::move(stored)));
  stored = TRY_IN(ReadAs(std::move(stored), type), kReading);
  return WithEmptyBlocks(std::move(stored), schema);
}

}  // namespace dbaas
