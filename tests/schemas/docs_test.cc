// SPDX-License-Identifier: MPL-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "schemas/docs/pages.h"
#include "schemas/validators.h"

namespace dbaas {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::map<std::string, std::string> Pages() {
  auto pages = WritePages(AllTypes(), DBAAS_SOURCE_DIR "/examples");
  EXPECT_TRUE(pages.has_value());
  return *pages;
}

TEST(DocsTest, APagePerTypeWhereTheRegistryLooksForIt) {
  std::set<std::string> names;
  for (const auto& [name, content] : Pages()) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"index.md",
                                          "resources/cluster.md",
                                          "resources/replica.md",
                                          "resources/backup.md",
                                          "resources/backup_policy.md",
                                          "data-sources/backups.md",
                                          "actions/backup.md",
                                          "actions/restore.md",
                                          "actions/verify.md",
                                          "list-resources/backup.md",
                                          "list-resources/backup_policy.md",
                                          "data-sources/cluster.md",
                                          "data-sources/clusters.md",
                                          "data-sources/engine_versions.md",
                                          "data-sources/instance_classes.md",
                                          "ephemeral-resources/credentials.md",
                                          "ephemeral-resources/password.md",
                                          "list-resources/cluster.md",
                                          "list-resources/replica.md",
                                          "actions/reload.md",
                                          "actions/restart.md",
                                          "actions/switchover.md",
                                          "functions/connection_uri.md",
                                          "functions/cron_next.md",
                                          "functions/instance_class.md",
                                          "functions/next_window.md",
                                          "functions/parse_uri.md",
                                          "functions/quantity.md"}));
}

TEST(DocsTest, APageHasWhatTheRegistryAsksFor) {
  const std::string page = Pages()["resources/cluster.md"];
  EXPECT_THAT(page, StartsWith("---\npage_title: \"dbaas_cluster Resource - dbaas\"\n"
                               "subcategory: \"\"\ndescription: |-\n  A database cluster: "));
  EXPECT_THAT(page, HasSubstr("\n# dbaas_cluster (Resource)\n"));
  EXPECT_THAT(page, HasSubstr("\n## Example Usage\n\n```terraform\n"));
  EXPECT_THAT(page, HasSubstr("\n## Schema\n\n### Required\n"));
  EXPECT_THAT(page, HasSubstr("terraform import dbaas_cluster.orders local/orders\n"));
  EXPECT_THAT(page, HasSubstr("\n  identity = {\n    host_name = \"local\"\n"));
  EXPECT_THAT(page, HasSubstr("\n### Identity Schema\n\n#### Required\n\n- `name` (String) "));
  EXPECT_THAT(page, HasSubstr("\n#### Optional\n\n- `host_name` (String) "));
}

TEST(DocsTest, TheIndexHasNoSubcategory) {
  EXPECT_THAT(Pages()["index.md"], testing::Not(HasSubstr("subcategory")));
}

TEST(DocsTest, EveryLinkToASectionHasItsSection) {
  const std::regex link("\\(#([a-z0-9_-]+)\\)");
  int links = 0;
  for (const auto& [name, page] : Pages()) {
    for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it) {
      EXPECT_THAT(page, HasSubstr("<a id=\"" + (*it)[1].str() + "\"></a>")) << name;
      ++links;
    }
  }
  EXPECT_GE(links, 6);
}

TEST(DocsTest, AMissingExampleIsAnError) {
  const auto pages = WritePages(AllTypes(), "/nonexistent");
  ASSERT_FALSE(pages.has_value());
  EXPECT_EQ(pages.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(pages.error().summary, HasSubstr("/nonexistent/provider/provider.tf"));
}

TEST(DocsTest, ALineSaysEverythingThatTheTableSays) {
  Schema schema;
  schema.attributes = {
      {.name = "size",
       .type = Type::Number(),
       .description = "How big.",
       .optional = true,
       .computed = true,
       .requires_replace = true,
       .default_value = Value::Int(3),
       .validators = {Range(1, 9), WholeNumber()},
       .conflicts_with = {"other"},
       .needs = {"unit"}},
      {.name = "colour",
       .type = Type::String(),
       .description = "Its colour.",
       .optional = true,
       .replace_if = [](const Value&, const Value&) { return true; },
       .deprecated = "Use `paint`.",
       .required_unless = {"paint"}},
      {.name = "secret_wo",
       .type = Type::String(),
       .description = "A secret.",
       .optional = true,
       .sensitive = true,
       .write_only = true},
      {.name = "tags",
       .type = Type::MapOf(Type::String()),
       .description = "Tags.",
       .required = true},
      {.name = "any", .type = Type::Dynamic(), .description = "Anything.", .optional = true},
      {.name = "id", .type = Type::String(), .description = "Id.", .computed = true}};
  EXPECT_EQ(SchemaSection(schema),
            "## Schema\n\n"
            "### Required\n\n"
            "- `tags` (Map of String) Tags.\n\n"
            "### Optional\n\n"
            "- `size` (Number) How big. Default: `3`. Valid: between 1 and 9. Cannot be set "
            "together with "
            "`other`. Needs `unit`. **Changing this forces a replacement.**\n"
            "- `colour` (String) Its colour. Has to be set unless `paint` is. **Deprecated:** Use "
            "`paint`. **Some changes force a replacement.**\n"
            "- `secret_wo` (String, Sensitive, "
            "[Write-only](https://developer.hashicorp.com/terraform/language/manage-sensitive-data/"
            "write-only)) A secret.\n"
            "- `any` (Dynamic) Anything.\n\n"
            "### Read-Only\n\n"
            "- `id` (String) Id.\n\n");
}

TEST(DocsTest, WhatIsNestedGetsSectionsOfItsOwn) {
  const Attribute width{
      .name = "width", .type = Type::Number(), .description = "W.", .required = true};
  Schema schema;
  schema.attributes = {{.name = "boxes",
                        .type = Type::ListOf(Type::Object({width})),
                        .description = "Boxes.",
                        .computed = true}};
  schema.blocks = {{.name = "host",
                    .nesting = Block::Nesting::kList,
                    .description = "A host.",
                    .attributes = {width},
                    .blocks = {{.name = "docker",
                                .nesting = Block::Nesting::kSingle,
                                .description = "Docker.",
                                .attributes = {width}}}}};
  EXPECT_EQ(SchemaSection(schema),
            "## Schema\n\n"
            "### Blocks\n\n"
            "- `host` (Block List) A host. (see [below for nested schema](#nestedblock--host))\n\n"
            "### Read-Only\n\n"
            "- `boxes` (Attributes List) Boxes. (see [below for nested "
            "schema](#nestedatt--boxes))\n\n"
            "<a id=\"nestedatt--boxes\"></a>\n### Nested Schema for `boxes`\n\n"
            "Required:\n\n- `width` (Number) W.\n\n"
            "<a id=\"nestedblock--host\"></a>\n### Nested Schema for `host`\n\n"
            "Required:\n\n- `width` (Number) W.\n\n"
            "Blocks:\n\n"
            "- `docker` (Block, Max: 1) Docker. (see [below for nested "
            "schema](#nestedblock--host--docker))\n\n"
            "<a id=\"nestedblock--host--docker\"></a>\n### Nested Schema for `host.docker`\n\n"
            "Required:\n\n- `width` (Number) W.\n\n");
}

TEST(DocsTest, ABlockSaysHowItIsRepeated) {
  Schema schema;
  schema.blocks = {
      {.name = "peg", .nesting = Block::Nesting::kSet, .description = "Pegs."},
      {.name = "door", .nesting = Block::Nesting::kMap, .description = "Doors by their side."}};
  const std::string text = SchemaSection(schema);
  EXPECT_THAT(text, HasSubstr("- `peg` (Block Set) Pegs. (see"));
  EXPECT_THAT(text, HasSubstr("- `door` (Block Map) Doors by their side. (see"));
}

}  // namespace
}  // namespace dbaas
