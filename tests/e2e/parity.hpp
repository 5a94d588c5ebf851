#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "e2e/ctl.hpp"

namespace video::e2e {

using Json = nlohmann::json;

/// What is wrong with `value` by as much of JSON Schema as ours use; what no property describes is wrong too.
inline std::string faultIn(const Json& value, const Json& schema, const Json& whole, const std::string& at) {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>();
    return faultIn(value, whole.at("$defs").at(name.substr(name.rfind('/') + 1)), whole, at);
  }
  if (schema.contains("anyOf")) {
    for (const Json& one : schema["anyOf"])
      if (faultIn(value, one, whole, at).empty()) return {};
    return at + " is none of " + schema["anyOf"].dump();
  }
  const auto type = schema.at("type").get<std::string>();
  const bool fits = (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
                    (type == "string" && value.is_string()) || (type == "integer" && value.is_number_integer()) ||
                    (type == "boolean" && value.is_boolean()) || (type == "null" && value.is_null());
  if (!fits) return at + " is no " + type + ": " + value.dump();
  if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return at + " is none of " + schema["enum"].dump();
  if (schema.value("format", "") == "date-time" &&
      !std::regex_match(value.get<std::string>(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)")))
    return at + " is no time: " + value.dump();
  if (type == "array")
    for (const Json& item : value)
      if (std::string fault = faultIn(item, schema.at("items"), whole, at + "[]"); !fault.empty()) return fault;
  if (type != "object") return {};
  for (const Json& name : schema.at("required"))
    if (!value.contains(name.get<std::string>())) return at + " has no " + name.get<std::string>();
  for (const auto& [name, member] : value.items()) {
    if (!schema.at("properties").contains(name)) return at + "." + name + " is not in the schema";
    if (std::string fault = faultIn(member, schema["properties"][name], whole, at + "." + name); !fault.empty())
      return fault;
  }
  return {};
}

#ifdef __SANITIZE_ADDRESS__
inline constexpr std::array formats{"json", "id"};  // programs start slowly with it
#else
inline constexpr std::array formats{"table", "tsv", "json", "ndjson", "id"};
#endif

/// What was run: commands with their formats, and those whose JSON was held against its schema.
struct Met {
  explicit Met(const std::map<std::string, bool>& known) : all(known) {}

  void add(const Words& words, const Ended& ended) {
    const auto output = std::find(words.begin(), words.end(), "-o");
    const std::string format = output == words.end() ? "" : *(output + 1);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string command = words[i];
      for (std::size_t next = i + 1; next < words.size() && next < i + 3 && !all.contains(command); ++next)
        command += '-' + words[next];
      if (!all.contains(command)) continue;
      commands.insert(command + ' ' + format);
      if (ended.status == 2 || ended.out.empty() || (format != "json" && format != "ndjson") || !all.at(command))
        return;
      const auto schema =
          Json::parse(read(std::filesystem::path(VIDEO_SOURCE_DIR) / "share/schema" / (command + ".json")));
      INFO(command << ": " << ended.out);
      if (format == "json") {
        CHECK(faultIn(Json::parse(ended.out), schema, schema, "it") == "");
        checked.insert(command);
        return;
      }
      std::istringstream lines(ended.out);
      for (std::string text; std::getline(lines, text);) CHECK(Json::parse(text).is_object());
      return;
    }
  }

  const std::map<std::string, bool>& all;
  std::set<std::string> commands;
  std::set<std::string> checked;
};

/// Ids, times, secrets and addresses as what they are, numbered where they differ.
inline std::string plain(std::string text) {
  static const std::regex id(R"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[a-z2-7]{12}\b)");
  text = std::regex_replace(text, std::regex(R"(,"request_id":"[^"]*")"), "");  // of a server only
  std::map<std::string, std::string> known;
  std::string out;
  for (std::smatch found; std::regex_search(text, found, id); text = found.suffix()) {
    const auto [entry, fresh] = known.try_emplace(found.str(), "ID" + std::to_string(known.size()));
    out += found.prefix().str() + entry->second;
  }
  out += text;
  out = std::regex_replace(out, std::regex("http://[0-9.:]+"), "SITE");
  out = std::regex_replace(out, std::regex("exp=[0-9]+&sig=[A-Za-z0-9_-]+"), "LINK");
  out = std::regex_replace(out, std::regex(R"(\d{4}-\d\d-\d\dT[0-9:.]+Z)"), "TIME");
  out = std::regex_replace(out, std::regex(R"(\d{4}-\d\d-\d\d \d\d:\d\d)"), "TIME");  // in tables
  out = std::regex_replace(out, std::regex(R"(\bMT[A-Za-z0-9]{16}\b)"), "CURSOR");    // a time in base64
  out = std::regex_replace(out, std::regex(R"(,\d{10},0,([^,"]*),\d+")"), ",SECONDS,0,$1,NUMBER\"");  // Bilibili's XML
  out = std::regex_replace(out, std::regex("[A-Z][a-z]{2} [0-9]{2} [0-9]{4}, [0-9:]{8}"), "DISPLAYTIME");
  return std::regex_replace(out, std::regex("vdt_[A-Za-z0-9_-]+"), "TOKEN");
}

/// Runs commands at a site, and keeps all that they said and how they ended.
struct Teller {
  Ended operator()(const std::string& user, const Words& words, const Given& given = {}) {
    const Ended ended = site.run(user, words, given);
    met.add(words, ended);
    for (const std::string& word : words) said += word + ' ';
    said += "=> " + std::to_string(ended.status) + '\n' + ended.out + "--\n" + ended.err + '\n';
    return ended;
  }
  /// In every format, whose name stands for a *.
  void each(const std::string& user, const Words& words, const Given& given = {}) {
    for (const std::string format : formats) {
      Words these{"-o", format};
      for (const std::string& word : words) these.push_back(std::regex_replace(word, std::regex("\\*"), format));
      (*this)(user, these, given);
    }
  }

  Site& site;
  Met& met;
  std::string said{};
};

}  // namespace video::e2e
