#include "house/headers.hpp"

#include <fstream>
#include <map>
#include <regex>

namespace video::house {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> linesOf(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Whether the declaration that begins at this line has a `///` above it, or a `///<` where it ends.
bool isDocumented(const std::vector<std::string>& lines, std::size_t at) {
  std::size_t above = at;
  while (above > 0 && lines[above - 1].starts_with("template")) --above;
  static const std::regex doc(R"(^\s*///)");
  if (above > 0 && std::regex_search(lines[above - 1], doc)) return true;
  for (std::size_t end = at; end < lines.size() && end < at + 4; ++end) {
    if (lines[end].find("///<") != std::string::npos) return true;
    if (lines[end].find_first_of(";{") != std::string::npos) break;
  }
  return false;
}

}  // namespace

std::vector<std::string> faultsOfHeaders(const fs::path& root) {
  // Declared at the left margin, with a body; a specialisation (`Fields<User>`) is described by its template.
  static const std::regex type(R"(^(?:class|struct|enum class|enum) (\w+)(?: final)?(?: :[^;]*|)\s*(?:\{.*)?$)");
  static const std::regex operation(R"(^\s+virtual [^~]*$)");
  std::vector<std::string> faults;
  std::map<std::string, std::string> places;
  for (const auto& entry : fs::recursive_directory_iterator(root / "lib")) {
    if (entry.path().extension() != ".hpp") continue;
    const std::vector<std::string> lines = linesOf(entry.path());
    for (std::size_t at = 0; at < lines.size(); ++at) {
      std::smatch found;
      const bool isType = std::regex_match(lines[at], found, type);
      if (!isType && !std::regex_match(lines[at], operation)) continue;
      const std::string place = fs::relative(entry.path(), root).string() + ":" + std::to_string(at + 1);
      if (!isDocumented(lines, at)) faults.push_back(place + ": has no ///: " + lines[at]);
      if (!isType) continue;
      const auto [known, isNew] = places.try_emplace(found[1].str(), place);
      if (!isNew) faults.push_back(place + ": " + found[1].str() + " is a type at " + known->second + " too");
    }
  }
  return faults;
}

}  // namespace video::house
