// SPDX-License-Identifier: MPL-2.0
//
// dbaas-docs ROOT           writes the reference pages under ROOT/docs
// dbaas-docs ROOT --check   says which of them differ from what it would write; exit code 1 if any
// do
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "schemas/docs/pages.h"

namespace fs = std::filesystem;

namespace {

// Everything in these is generated, so whatever is in them beside the pages is a leftover.
constexpr const char* kFolders[] = {"resources",      "data-sources", "ephemeral-resources",
                                    "list-resources", "actions",      "functions"};

std::optional<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

bool WriteFile(const fs::path& path, const std::string& content) {
  std::error_code ignored;  // If the folder cannot be made, the file cannot either.
  fs::create_directories(path.parent_path(), ignored);
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  return !file.fail();
}

std::vector<fs::path> Leftovers(const fs::path& docs,
                                const std::map<std::string, std::string>& pages) {
  std::vector<fs::path> found;
  for (const char* folder : kFolders) {
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(docs / folder, absent)) {
      const std::string name = std::string(folder) + "/" + entry.path().filename().string();
      if (!pages.contains(name)) found.push_back(entry.path());
    }
  }
  return found;
}

int Check(const fs::path& docs, const std::map<std::string, std::string>& pages) {
  int stale = 0;
  for (const auto& [name, content] : pages) {
    if (ReadFile(docs / name) == content) continue;
    fmt::print("docs/{} is not what the schemas say\n", name);
    ++stale;
  }
  for (const fs::path& path : Leftovers(docs, pages)) {
    fmt::print("{} belongs to no type\n", path.string());
    ++stale;
  }
  if (stale > 0) fmt::print("`./dev docs` writes the pages anew.\n");
  return stale == 0 ? 0 : 1;
}

int Write(const fs::path& docs, const std::map<std::string, std::string>& pages) {
  for (const fs::path& path : Leftovers(docs, pages)) fs::remove(path);
  for (const auto& [name, content] : pages) {
    if (WriteFile(docs / name, content)) continue;
    fmt::print(stderr, "cannot write docs/{}\n", name);
    return 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const bool check = count == 3 && std::string(arguments[2]) == "--check";
  if (count != 2 && !check) {
    fmt::print(stderr, "usage: dbaas-docs ROOT [--check]\n");
    return 2;
  }
  const fs::path root = arguments[1];
  const auto pages = dbaas::WritePages(dbaas::AllTypes(), root / "examples");
  if (!pages) {
    fmt::print(stderr, "{}\n", pages.error().ToLine());
    return 1;
  }
  return check ? Check(root / "docs", *pages) : Write(root / "docs", *pages);
}
