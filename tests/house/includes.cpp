#include "house/includes.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <string_view>

namespace video::house {
namespace {

namespace fs = std::filesystem;

constexpr std::array rooms{"users",    "sessions",  "tokens",    "videos",     "uploads", "shares",
                           "comments", "deletions", "exports",   "tasks",      "server",  "data",
                           "reports",  "contents",  "subtitles", "renditions", "views"};
// Rows may include the rows of rooms that stand before theirs.
constexpr std::array rowOrder{"users",    "sessions", "tokens",  "renditions", "videos",   "shares",
                              "comments", "views",    "reports", "contents",   "deletions"};

// From left to right; an include points to a smaller number, or stays at home.
const std::map<std::string, int, std::less<>> ranks{{"base", 0}, {"os", 1},       {"observe", 2}, {"store", 3},
                                                    {"http", 3}, {"schedule", 3}, {"media", 3},   {"access", 4},
                                                    {"web", 6},  {"settings", 7}, {"toolkit", 8}, {"cmd", 9}};
constexpr int roomRank = 5;

// The only homes of a library.
const std::map<std::string, std::vector<std::string>, std::less<>> homes{
    {"httplib.h", {"http"}},  {"SQLiteCpp/", {"store"}},    {"sqlite3.h", {"store"}},
    {"sodium", {"access"}},   {"systemd/", {"observe"}},    {"toml++/", {"settings", "cmd"}},
    {"spdlog/", {"observe"}}, {"prometheus/", {"observe"}}, {"CLI/", {"cmd"}},
    {"catch2/", {}},
};

template <class List>
bool contains(const List& list, std::string_view wanted) {
  return std::find(std::begin(list), std::end(list), wanted) != std::end(list);
}

bool isRoom(std::string_view folder) {
  return contains(rooms, folder);
}

std::optional<int> rankOf(std::string_view folder) {
  if (isRoom(folder)) return roomRank;
  const auto known = ranks.find(folder);
  return known == ranks.end() ? std::nullopt : std::optional(known->second);
}

// What a file of a room is for; whatever is none of the named ones belongs to the local half.
enum class Part { door, fields, rows, make, wire, local };

Part partOf(const std::string& room, const fs::path& file) {
  const std::string stem = file.stem().string();
  if (stem == room && file.extension() == ".hpp") return Part::door;
  if (stem == "fields") return Part::fields;
  if (stem == "rows") return Part::rows;
  if (stem == "make") return Part::make;
  if (stem == "wire") return Part::wire;
  return Part::local;
}

// Why a file of a room may not include `to`; empty where it may.
std::string refusalInRoom(const std::string& room, Part part, const std::string& folder, const fs::path& to) {
  const bool toRoom = isRoom(folder);
  const Part target = toRoom ? partOf(folder, to) : Part::local;
  const bool toDoor = toRoom && target == Part::door;
  const bool toFields = toRoom && target == Part::fields;
  switch (part) {
    case Part::door:
      if (folder != "base" && !toDoor) return "a door includes only base and other doors";
      break;
    case Part::fields:
      if (folder != "base" && !toDoor && !toFields) return "fields include only base, doors and fields";
      break;
    case Part::make:
      if (folder != "base" && !toDoor) return "makers know base and doors only";
      break;
    case Part::rows: {
      if (folder == "access" || folder == "http") return "rows include neither access nor http";
      if (toRoom && target == Part::rows && folder != room) {
        const auto* const mine = std::find(rowOrder.begin(), rowOrder.end(), std::string_view(room));
        const auto* const theirs = std::find(rowOrder.begin(), rowOrder.end(), std::string_view(folder));
        if (theirs > mine) return "rows include rows of rooms to their left only";
      }
      break;
    }
    case Part::wire:
      if (folder == "store" || folder == "access") return "a wire includes neither store nor access";
      if (toRoom && (target == Part::rows || target == Part::local)) return "a wire knows doors and fields only";
      break;
    case Part::local:
      if (folder == "http") return "only wire.cpp includes http/";
      break;
  }
  if (toRoom && folder != room && (target == Part::make || target == Part::wire || target == Part::local))
    return "a room's inside is its own";
  return {};
}

// Why the file `from` (below lib/ or cmd/) may not include "to"; empty where it may.
std::string refusal(const std::string& home, const fs::path& from, const fs::path& to) {
  const std::string folder = to.begin()->string();
  if (to.extension() == ".cpp") return "a .cpp is never included";
  const auto mine = rankOf(home);
  const auto theirs = rankOf(folder);
  if (!mine) return "lib/" + home + " has no place in the order";
  if (!theirs) return "lib/" + folder + " has no place in the order";
  if (home == folder && !isRoom(home)) return {};
  if (*mine == 3 && *theirs == 3) return "store, http, schedule and media never include each other";
  if (*theirs > *mine) return "an include points left only";
  if (isRoom(home)) return refusalInRoom(home, partOf(home, from), folder, to);
  if (home == "access" && folder == "http") return "only wire.cpp includes http/";
  if (home == "settings" && isRoom(folder) && partOf(folder, to) != Part::door) return "settings know doors only";
  if (isRoom(folder) && partOf(folder, to) == Part::make && home != "toolkit") return "makers are for the toolkit";
  if (isRoom(folder) && partOf(folder, to) == Part::rows) return "rows are for the rooms";
  return {};
}

std::string refusalOfLibrary(const std::string& home, std::string_view included) {
  for (const auto& [library, allowed] : homes)
    if (included.starts_with(library) && !contains(allowed, home)) return "has another home";
  return {};
}

}  // namespace

std::vector<std::string> wrongIncludes(const fs::path& root) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<std::string> wrong;
  for (const char* const top : {"lib", "cmd"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const fs::path& file = entry.path();
      if (file.extension() != ".hpp" && file.extension() != ".cpp") continue;
      const fs::path below = fs::relative(file, root / top);
      const std::string home = std::string_view(top) == "cmd" ? "cmd" : below.begin()->string();
      std::ifstream in(file);
      int number = 0;
      for (std::string line; std::getline(in, line);) {
        ++number;
        std::smatch found;
        if (!std::regex_search(line, found, include)) continue;
        const std::string included = found[2].str();
        std::string why;
        if (found[1].str() == "<")
          why = refusalOfLibrary(home, included);
        else if (home != "cmd" || !fs::exists(root / top / *below.begin() / included))  // a program's own headers
          why = fs::exists(root / "lib" / included) ? refusal(home, below, included) : "there is no such file in lib/";
        if (!why.empty())
          wrong.push_back(fs::relative(file, root).string() + ":" + std::to_string(number) + ": " + included + ": " +
                          why);
      }
    }
  }
  std::sort(wrong.begin(), wrong.end());
  return wrong;
}

}  // namespace video::house
