// SPDX-License-Identifier: MPL-2.0
#include "provider/object_type.h"

#include <algorithm>
#include <utility>

namespace dbaas {
namespace {

void Sort(std::vector<Attribute>& members);

Type Sorted(Type type) {
  if (type.element != nullptr) type.element = std::make_shared<const Type>(Sorted(*type.element));
  Sort(type.members);
  return type;
}

void Sort(std::vector<Attribute>& members) {
  for (Attribute& member : members) member.type = Sorted(std::move(member.type));
  std::sort(members.begin(), members.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
}

Type BlockType(const Block& block) {
  Type object = ObjectType(block);
  switch (block.nesting) {
    case Block::Nesting::kSingle: break;
    case Block::Nesting::kList: return Type::ListOf(std::move(object));
    case Block::Nesting::kSet: return Type::SetOf(std::move(object));
    case Block::Nesting::kMap: return Type::MapOf(std::move(object));
  }
  return object;
}

Type MakeObject(const std::vector<Attribute>& attributes, const std::vector<Block>& blocks) {
  std::vector<Attribute> members = attributes;
  for (const Block& block : blocks) {
    Attribute member;
    member.name = block.name;
    member.type = BlockType(block);
    members.push_back(std::move(member));
  }
  Sort(members);
  return Type::Object(std::move(members));
}

void FillBlocks(Value& object, const std::vector<Block>& blocks) {
  if (object.kind() != Value::Kind::kMap) return;
  for (const Block& block : blocks) {
    Value& member = object.as_map()[block.name];
    if (member.is_null()) member = block.None();
    if (block.nesting == Block::Nesting::kSingle) {
      FillBlocks(member, block.blocks);
    } else if (member.kind() == Value::Kind::kList) {
      for (Value& item : member.as_list()) FillBlocks(item, block.blocks);
    } else if (member.kind() == Value::Kind::kMap) {
      for (auto& [key, element] : member.as_map()) FillBlocks(element, block.blocks);
    }
  }
}

}  // namespace

Type ObjectType(const Schema& schema) { return MakeObject(schema.attributes, schema.blocks); }
Type ObjectType(const Block& block) { return MakeObject(block.attributes, block.blocks); }

Value WithEmptyBlocks(Value object, const Schema& schema) {
  FillBlocks(object, schema.blocks);
  return object;
}

}  // namespace dbaas
