#pragma once

#include <fmt/format.h>

#include <toml++/toml.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"

namespace video {
struct Settings;
}

namespace video::config {

/// A value of the configuration file, and its position.
struct Value {
  const toml::node& node;
  const std::string& file;
  std::string key;

  /// Throws malformed: `FILE:LINE: KEY: why`.
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(Fault::malformed, fmt::format("{}:{}: {}: {}", file, node.source().begin.line, key, why));
  }
  /// Returns the text of a string; refuses any other value.
  std::string text() const {
    const auto value = node.value_exact<std::string>();
    if (!value) refuse("must be a quoted string");
    return *value;
  }
};

/// How a key is read into `To`, and how its value is shown.
template <class To>
struct Rule {
  std::string key;
  std::function<void(const Value&, To&)> read;
  std::function<std::string(const To&)> show;
  bool listed = true;  ///< false: an alternative to another key
};

// Each of these functions takes the key and a generic lambda that returns the member of `To` that the key sets.

/// A key that is true or false.
template <class To, class Where>
Rule<To> flag(std::string key, Where where) {
  return {std::move(key),
          [where](const Value& value, To& to) {
            const auto read = value.node.value_exact<bool>();
            if (!read) value.refuse("must be true or false");
            where(to) = *read;
          },
          [where](const To& to) { return std::string(where(to) ? "true" : "false"); }};
}

/// A key that is a whole number from `least` to `most`.
template <class To, class Where>
Rule<To> count(std::string key, std::int64_t least, std::int64_t most, Where where) {
  return {std::move(key),
          [=](const Value& value, To& to) {
            const auto read = value.node.value_exact<std::int64_t>();
            if (!read) value.refuse("must be a whole number");
            if (*read < least || *read > most) value.refuse(fmt::format("must be from {} to {}", least, most));
            where(to) = static_cast<std::remove_reference_t<decltype(where(to))>>(*read);
          },
          [where](const To& to) { return fmt::to_string(where(to)); }};
}

/// A key that is a number of bytes from `least` to `most`.
template <class To, class Where>
Rule<To> size(std::string key, std::int64_t least, std::int64_t most, Where where) {
  return {std::move(key),
          [=](const Value& value, To& to) {
            std::optional<std::int64_t> read = value.node.value_exact<std::int64_t>();
            if (!read)
              if (const auto parsed = parseSize(value.node.value_exact<std::string>().value_or("")))
                read = static_cast<std::int64_t>(*parsed);
            if (!read) value.refuse("must be a size like \"2GiB\", or bytes");
            if (*read < least || *read > most) value.refuse(fmt::format("must be from {} to {} bytes", least, most));
            where(to) = static_cast<std::remove_reference_t<decltype(where(to))>>(*read);
          },
          [where](const To& to) { return fmt::to_string(where(to)); }};
}

/// A key that is a duration from `least` to `most`.
template <class To, class Where>
Rule<To> duration(std::string key, std::chrono::milliseconds least, std::chrono::milliseconds most, Where where) {
  return {std::move(key),
          [=](const Value& value, To& to) {
            auto read = parseDuration(value.node.value_exact<std::string>().value_or(""));
            if (value.node.value_exact<std::int64_t>() == 0) read = std::chrono::milliseconds{0};
            if (!read) value.refuse("must be a duration like \"30m\"");
            if (*read < least || *read > most)
              value.refuse(fmt::format("must be from {} to {} seconds", static_cast<double>(least.count()) / 1000,
                                       static_cast<double>(most.count()) / 1000));
            where(to) = *read;
          },
          [where](const To& to) { return fmt::format("{}ms", where(to).count()); }};
}

/// A key that is one of `words`, which maps each word to its value.
template <class To, class Choice, std::size_t size, class Where>
Rule<To> choice(std::string key, std::array<std::pair<std::string_view, Choice>, size> words, Where where) {
  return {std::move(key),
          [=](const Value& value, To& to) {
            const std::string read = value.text();
            std::string known;
            for (const auto& [word, meant] : words) {
              if (word == read) {
                where(to) = meant;
                return;
              }
              known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", word);
            }
            value.refuse(fmt::format("must be one of {}", known));
          },
          [=](const To& to) {
            for (const auto& [word, meant] : words)
              if (meant == where(to)) return std::string(word);
            return std::string{};
          }};
}

/// Refuses the value for what `check` throws.
template <class Check>
void accept(const Value& value, const Check& check) try {
  check();
} catch (const Error& error) {
  value.refuse(error.what());
}

/// Returns the strings of a list; refuses any other value.
inline std::vector<std::string> readTexts(const Value& value) {
  const toml::array* const items = value.node.as_array();
  if (items == nullptr) value.refuse("must be a list of strings");
  std::vector<std::string> texts;
  for (const toml::node& item : *items) texts.push_back(Value{item, value.file, value.key}.text());
  return texts;
}

/// Returns the length of a leading `http://` or `https://`, or 0.
inline std::size_t schemeSize(std::string_view url) {
  return url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
}

/// Returns the keys of [web].
const std::vector<Rule<Settings>>& webRules();
/// Returns the keys of [log].
const std::vector<Rule<Settings>>& logRules();

}  // namespace video::config
