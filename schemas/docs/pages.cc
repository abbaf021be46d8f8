// SPDX-License-Identifier: MPL-2.0
#include "schemas/docs/pages.h"

#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include "schemas/identity.h"

namespace dbaas {
namespace {

constexpr const char* kWriteOnlyLink =
    "https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only";

// ---- One attribute -----------------------------------------------------------------------------

/// The attributes of an object, wherever it is inside the type; null when there is none.
const std::vector<Attribute>* MembersOf(const Type& type) {
  const Type* inner = &type;
  while (inner->element) inner = inner->element.get();
  return inner->kind == Type::Kind::kObject ? &inner->members : nullptr;
}

std::string TypeName(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kString: return "String";
    case Type::Kind::kNumber: return "Number";
    case Type::Kind::kBool: return "Boolean";
    case Type::Kind::kObject: return "Attributes";
    case Type::Kind::kTuple:
    case Type::Kind::kDynamic: return "Dynamic";
    case Type::Kind::kList:
    case Type::Kind::kSet:
    case Type::Kind::kMap: break;
  }
  const char* collection = type.kind == Type::Kind::kList  ? "List"
                           : type.kind == Type::Kind::kSet ? "Set"
                                                           : "Map";
  if (type.element->kind == Type::Kind::kObject) return fmt::format("Attributes {}", collection);
  return fmt::format("{} of {}", collection, TypeName(*type.element));
}

std::string Code(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) quoted.push_back("`" + name + "`");
  return fmt::format("{}", fmt::join(quoted, ", "));
}

/// A default as one would write it.
std::string DefaultText(const Value& value) { return "`" + value.ToText() + "`"; }

/// What the table says beside the description, a sentence each.
std::string Rules(const Attribute& attribute) {
  std::string text;
  if (attribute.default_value) text += " Default: " + DefaultText(*attribute.default_value) + ".";
  for (const Validator& validator : attribute.validators) {
    if (!validator.rule.empty()) text += " Valid: " + validator.rule + ".";
  }
  if (!attribute.conflicts_with.empty()) {
    text += " Cannot be set together with " + Code(attribute.conflicts_with) + ".";
  }
  if (!attribute.needs.empty()) text += " Needs " + Code(attribute.needs) + ".";
  if (!attribute.required_unless.empty()) {
    text += " Has to be set unless " + Code(attribute.required_unless) + " is.";
  }
  if (!attribute.deprecated.empty()) text += " **Deprecated:** " + attribute.deprecated;
  if (attribute.create_only) text += " **Changing this later changes nothing.**";
  if (attribute.replace_if) text += " **Some changes force a replacement.**";
  if (attribute.requires_replace) text += " **Changing this forces a replacement.**";
  return text;
}

std::string AttributeLine(const Attribute& attribute, const std::string& anchor) {
  std::string traits = TypeName(attribute.type);
  if (attribute.sensitive) traits += ", Sensitive";
  if (attribute.write_only) traits += fmt::format(", [Write-only]({})", kWriteOnlyLink);
  std::string line = fmt::format("- `{}` ({}) {}{}", attribute.name, traits, attribute.description,
                                 Rules(attribute));
  if (MembersOf(attribute.type) != nullptr) {
    line += fmt::format(" (see [below for nested schema](#{}))", anchor);
  }
  return line + "\n";
}

// ---- A schema, and what is nested in it --------------------------------------------------------

/// Something that gets a section of its own further down.
struct Section {
  std::string path;    ///< "host.docker"
  std::string anchor;  ///< "nestedblock--host--docker"
  const std::vector<Attribute>* attributes = nullptr;
  const std::vector<Block>* blocks = nullptr;
};

std::string Below(const std::string& path, const char* separator, const std::string& name) {
  return path.empty() ? name : path + separator + name;
}

std::string AnchorOf(const char* kind, const Section& parent, const std::string& name) {
  const auto dashes = parent.anchor.find("--");
  const std::string inside = dashes == std::string::npos ? "" : parent.anchor.substr(dashes + 2);
  return std::string(kind) + "--" + Below(inside, "--", name);
}

using Belongs = std::function<bool(const Attribute&)>;

std::string Group(const char* title, const Section& section, const std::vector<Section>& nested,
                  const Belongs& belongs) {
  std::string text;
  for (const Attribute& attribute : *section.attributes) {
    if (!belongs(attribute)) continue;
    std::string anchor;
    for (const Section& one : nested) {
      if (one.path == Below(section.path, ".", attribute.name)) anchor = one.anchor;
    }
    text += AttributeLine(attribute, anchor);
  }
  return text.empty() ? "" : fmt::format("{}\n\n{}\n", title, text);
}

const char* BlockKind(Block::Nesting nesting) {
  switch (nesting) {
    case Block::Nesting::kSingle: break;
    case Block::Nesting::kList: return "Block List";
    case Block::Nesting::kSet: return "Block Set";
    case Block::Nesting::kMap: return "Block Map";
  }
  return "Block, Max: 1";
}

std::string BlockGroup(const char* title, const Section& section,
                       const std::vector<Section>& nested) {
  if (section.blocks == nullptr || section.blocks->empty()) return "";
  std::string text;
  for (const Block& block : *section.blocks) {
    for (const Section& one : nested) {
      if (one.path != Below(section.path, ".", block.name)) continue;
      text += fmt::format("- `{}` ({}) {} (see [below for nested schema](#{}))\n", block.name,
                          BlockKind(block.nesting), block.description, one.anchor);
    }
  }
  return fmt::format("{}\n\n{}\n", title, text);
}

std::vector<Section> NestedIn(const Section& section) {
  std::vector<Section> nested;
  for (const Attribute& attribute : *section.attributes) {
    const auto* members = MembersOf(attribute.type);
    if (members == nullptr) continue;
    nested.push_back({.path = Below(section.path, ".", attribute.name),
                      .anchor = AnchorOf("nestedatt", section, attribute.name),
                      .attributes = members});
  }
  if (section.blocks == nullptr) return nested;
  for (const Block& block : *section.blocks) {
    nested.push_back({.path = Below(section.path, ".", block.name),
                      .anchor = AnchorOf("nestedblock", section, block.name),
                      .attributes = &block.attributes,
                      .blocks = &block.blocks});
  }
  return nested;
}

/// The groups of a section, then the sections nested in it, depth first.
std::string SectionText(const Section& section) {
  const bool root = section.path.empty();
  const auto title = [&](const char* at_root, const char* nested) {
    return root ? at_root : nested;
  };
  const std::vector<Section> nested = NestedIn(section);
  std::string text;
  text += Group(title("### Required", "Required:"), section, nested,
                [](const Attribute& attribute) { return attribute.required; });
  text += Group(title("### Optional", "Optional:"), section, nested,
                [](const Attribute& attribute) { return attribute.optional; });
  text += BlockGroup(title("### Blocks", "Blocks:"), section, nested);
  text +=
      Group(title("### Read-Only", "Read-Only:"), section, nested,
            [](const Attribute& attribute) { return !attribute.required && !attribute.optional; });
  for (const Section& one : nested) {
    text += fmt::format("<a id=\"{}\"></a>\n### Nested Schema for `{}`\n\n", one.anchor, one.path);
    text += SectionText(one);
  }
  return text;
}

// ---- Pages -------------------------------------------------------------------------------------

Result<std::string> ReadExample(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return NotFound("there is no example " + path.string());
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

/// What a page is made of. Only `example` and `schema` must be there.
struct Page {
  std::string title;        ///< "dbaas_cluster (Resource)"
  std::string front_title;  ///< "dbaas_cluster Resource - dbaas"
  bool has_subcategory = true;
  std::string example;
  std::string import_command;
  std::string import_by_identity;
  const Schema* schema = nullptr;
};

/// What an `identity` has to say and what it may leave out.
std::string IdentitySection(const Schema& schema) {
  const Schema identity = IdentitySchema(schema);
  std::string text = "### Identity Schema\n\n";
  const auto group = [&](const char* title, bool required) {
    std::string lines;
    for (const Attribute& attribute : identity.attributes) {
      if (attribute.required != required) continue;
      lines += fmt::format("- `{}` ({}) {}\n", attribute.name, TypeName(attribute.type),
                           attribute.description);
    }
    if (!lines.empty()) text += fmt::format("#### {}\n\n{}\n", title, lines);
  };
  group("Required", true);
  group("Optional", false);
  return text;
}

std::string PageText(const Page& page) {
  const std::string& description = page.schema->description;
  std::string text = "---\npage_title: \"" + page.front_title + "\"\n";
  if (page.has_subcategory) text += "subcategory: \"\"\n";
  text += "description: |-\n  " + description + "\n---\n\n";
  text += "<!-- Written from the schemas by `./dev docs`. Changes made here are lost. -->\n\n";
  text += "# " + page.title + "\n\n" + description + "\n\n";
  text += "## Example Usage\n\n```terraform\n" + page.example + "```\n\n";
  text += SchemaSection(*page.schema);
  if (!page.import_command.empty()) {
    text += "## Import\n\nAn existing one is taken over with its id:\n\n```shell\n" +
            page.import_command + "```\n";
  }
  if (!page.import_by_identity.empty()) {
    text +=
        "\nTerraform 1.12 and OpenTofu 1.12 also take its identity, in an `import` block:\n\n"
        "```terraform\n" +
        page.import_by_identity + "```\n\n" + IdentitySection(*page.schema);
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

/// As a signature has it.
std::string TypeText(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kString: return "string";
    case Type::Kind::kNumber: return "number";
    case Type::Kind::kBool: return "bool";
    case Type::Kind::kObject: return "object";
    case Type::Kind::kTuple:
    case Type::Kind::kDynamic: return "dynamic";
    case Type::Kind::kList: return fmt::format("list of {}", TypeText(*type.element));
    case Type::Kind::kSet: return fmt::format("set of {}", TypeText(*type.element));
    case Type::Kind::kMap: return fmt::format("map of {}", TypeText(*type.element));
  }
  return "";
}

std::string FunctionText(const FunctionType& type, const std::string& example) {
  std::vector<std::string> signature;
  std::string arguments;
  const auto add = [&](const Parameter& parameter, const char* dots) {
    signature.push_back(fmt::format("{} {}{}", parameter.name, TypeText(parameter.type), dots));
    arguments += fmt::format("1. `{}` ({}{}) {}\n", parameter.name, *dots == 0 ? "" : "Variadic, ",
                             TypeName(parameter.type), parameter.description);
  };
  for (const Parameter& parameter : type.parameters) add(parameter, "");
  if (type.variadic) add(*type.variadic, "...");
  std::string text = fmt::format(
      "---\npage_title: \"{0} function - dbaas\"\nsubcategory: \"\"\ndescription: |-\n  "
      "{1}\n---\n\n"
      "<!-- Written from the schemas by `./dev docs`. Changes made here are lost. -->\n\n"
      "# function: {0}\n\n{2}\n\n## Example Usage\n\n```terraform\n{3}```\n\n"
      "## Signature\n\n```text\n{0}({4}) {5}\n```\n\n## Arguments\n\n{6}",
      type.name, type.summary, type.description, example, fmt::join(signature, ", "),
      TypeText(type.result), arguments);
  if (const auto* members = MembersOf(type.result)) {
    text += "\n## Result\n\n";
    for (const Attribute& member : *members) text += AttributeLine(member, "");
  }
  return text;
}

/// "dbaas_cluster" → "cluster", as file names want it.
std::string ShortName(const std::string& type) { return type.substr(type.find('_') + 1); }

/// A kind of thing that a provider has, as the registry lays it out.
struct PageKind {
  const char* folder;   ///< Of the pages and of the examples.
  const char* word;     ///< In titles.
  const char* example;  ///< The file's name.
};

/// The page of one type, without what only resources have.
template <typename T>
Result<Page> PageOf(const T& type, const PageKind& kind, const std::filesystem::path& examples) {
  return Page{.title = fmt::format("{} ({})", type.name, kind.word),
              .front_title = fmt::format("{} {} - dbaas", type.name, kind.word),
              .example = TRY(ReadExample(examples / kind.folder / type.name / kind.example)),
              .schema = &type.schema};
}

template <typename T>
Result<void> AddPages(const std::vector<T>& all, const PageKind& kind,
                      const std::filesystem::path& examples,
                      std::map<std::string, std::string>& pages) {
  for (const T& type : all) {
    pages[fmt::format("{}/{}.md", kind.folder, ShortName(type.name))] =
        PageText(TRY(PageOf(type, kind, examples)));
  }
  return Ok();
}

}  // namespace

std::string SchemaSection(const Schema& schema) {
  return "## Schema\n\n" +
         SectionText({.attributes = &schema.attributes, .blocks = &schema.blocks});
}

Result<std::map<std::string, std::string>> WritePages(const ProviderTypes& types,
                                                      const std::filesystem::path& examples) {
  std::map<std::string, std::string> pages;
  pages["index.md"] = PageText({.title = "dbaas Provider",
                                .front_title = "dbaas Provider",
                                .has_subcategory = false,
                                .example = TRY(ReadExample(examples / "provider/provider.tf")),
                                .schema = &types.provider});
  for (const ResourceType& type : types.resources) {
    const PageKind kind{"resources", "Resource", "resource.tf"};
    const auto folder = examples / kind.folder / type.name;
    Page page = TRY(PageOf(type, kind, examples));
    page.import_command = TRY(ReadExample(folder / "import.sh"));
    page.import_by_identity = TRY(ReadExample(folder / "import-by-identity.tf"));
    pages[fmt::format("{}/{}.md", kind.folder, ShortName(type.name))] = PageText(page);
  }
  TRY(AddPages(types.data_sources, {"data-sources", "Data Source", "data-source.tf"}, examples,
               pages));
  TRY(AddPages(types.ephemeral_resources,
               {"ephemeral-resources", "Ephemeral Resource", "ephemeral-resource.tf"}, examples,
               pages));
  TRY(AddPages(types.list_resources,
               {"list-resources", "List Resource", "list-resource.tfquery.hcl"}, examples, pages));
  TRY(AddPages(types.actions, {"actions", "Action", "action.tf"}, examples, pages));
  for (const FunctionType& type : types.functions) {
    const auto path = examples / "functions" / type.name / "function.tf";
    pages["functions/" + type.name + ".md"] = FunctionText(type, TRY(ReadExample(path)));
  }
  return pages;
}

}  // namespace dbaas
