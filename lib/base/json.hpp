#pragma once

#include <fmt/format.h>

#include <concepts>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/units.hpp"

namespace video {

// ---- writing: appends to a string directly, because lists are a hot path

/// Appends `text` as a JSON string (RFC 8259 §7). The text must be valid UTF-8.
void appendJsonString(std::string& out, std::string_view text);

/// Appends a value as JSON; there is an overload for each type that a described struct may contain.
inline void appendJson(std::string& out, std::string_view text) {
  appendJsonString(out, text);
}
inline void appendJson(std::string& out, const std::string& text) {
  appendJsonString(out, text);
}
inline void appendJson(std::string& out, bool value) {
  out += value ? "true" : "false";
}
template <std::integral Number>
requires(!std::same_as<Number, bool>) void appendJson(std::string& out, Number value) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}
inline void appendJson(std::string& out, UserId id) {
  appendJson(out, id.value);
}
inline void appendJson(std::string& out, Time time) {
  out += '"';
  out += formatTime(time);
  out += '"';
}
template <class Noun>
void appendJson(std::string& out, const Id<Noun>& id) {
  appendJsonString(out, id.text);
}
template <Named Enum>
void appendJson(std::string& out, Enum value) {
  appendJsonString(out, nameOf(value));
}
template <class T>
void appendJson(std::string& out, const Nullable<T>& value);
template <class T>
void appendJson(std::string& out, const std::vector<T>& values);
template <Described Struct>
void appendJson(std::string& out, const Struct& value);

/// Whether T is a Nullable.
template <class T>
inline constexpr bool isNullable = false;
template <class T>
inline constexpr bool isNullable<Nullable<T>> = true;
/// Whether T is a std::optional.
template <class T>
inline constexpr bool isOptional = false;
template <class T>
inline constexpr bool isOptional<std::optional<T>> = true;

/// Whether T is a std::vector.
template <class T>
inline constexpr bool isList = false;
template <class T>
inline constexpr bool isList<std::vector<T>> = true;

template <class T>
void appendJson(std::string& out, const Nullable<T>& value) {
  if (value)
    appendJson(out, *value);
  else
    out += "null";
}

template <class T>
void appendJson(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (const T& value : values) {
    if (&value != values.data()) out += ',';
    appendJson(out, value);
  }
  out += ']';
}

/// Appends an object with the struct's fields; an empty std::optional is left out.
template <Described Struct>
void appendJson(std::string& out, const Struct& value) {
  char before = '{';
  forEachField<Struct>([&](const auto& field) {
    const auto& member = value.*field.member;
    using Member = typename std::remove_cvref_t<decltype(field)>::Type;
    const auto key = [&] {
      out += before;
      out += '"';
      out += field.name;
      out += "\":";
      before = ',';
    };
    if constexpr (isOptional<Member>) {
      if (member) {
        key();
        appendJson(out, *member);
      }
    } else {
      key();
      appendJson(out, member);
    }
  });
  if (before == '{') out += before;
  out += '}';
}

/// Returns the JSON text of a value.
template <class T>
std::string toJson(const T& value) {
  std::string out;
  appendJson(out, value);
  return out;
}

// ---- reading: every failure is Fault::malformed and names the field

/// Parses a JSON document of valid UTF-8, nested at most 32 levels deep. Throws malformed, or tooLarge if it is over
/// 64 KiB and not `unbounded`.
nlohmann::json parseJson(std::string_view text, bool unbounded = false);

/// Throws malformed: `field` must be `wanted`.
[[noreturn]] void throwWrongType(std::string_view field, std::string_view wanted);

/// Reads a JSON value into `to`; there is an overload for each type that a described struct may contain.
void readJson(const nlohmann::json& json, std::string_view field, std::string& to);
void readJson(const nlohmann::json& json, std::string_view field, bool& to);
void readJson(const nlohmann::json& json, std::string_view field, std::int64_t& to);
void readJson(const nlohmann::json& json, std::string_view field, std::uint64_t& to);
void readJson(const nlohmann::json& json, std::string_view field, UserId& to);
void readJson(const nlohmann::json& json, std::string_view field, Time& to);
template <class Noun>
void readJson(const nlohmann::json& json, std::string_view field, Id<Noun>& to) {
  readJson(json, field, to.text);
}
template <Named Enum>
void readJson(const nlohmann::json& json, std::string_view field, Enum& to) {
  std::string text;
  readJson(json, field, text);
  const auto value = valueOf<Enum>(text);
  if (!value) throw Error(Fault::malformed, fmt::format("{}: is none of {}", field, namesOf<Enum>(", ")));
  to = *value;
}
template <class T>
void readJson(const nlohmann::json& json, std::string_view field, Nullable<T>& to);
template <class T>
void readJson(const nlohmann::json& json, std::string_view field, std::optional<T>& to);
template <class T>
void readJson(const nlohmann::json& json, std::string_view field, std::vector<T>& to);
template <Described Struct>
void readJson(const nlohmann::json& json, std::string_view field, Struct& to);

template <class T>
void readJson(const nlohmann::json& json, std::string_view field, Nullable<T>& to) {
  if (json.is_null()) return to.reset();
  readJson(json, field, to.emplace());
}
template <class T>
void readJson(const nlohmann::json& json, std::string_view field, std::optional<T>& to) {
  if (json.is_null() && !isNullable<T>) return to.reset();
  readJson(json, field, to.emplace());
}
template <class T>
void readJson(const nlohmann::json& json, std::string_view field, std::vector<T>& to) {
  if (!json.is_array()) throwWrongType(field, "an array");
  to.clear();
  for (const nlohmann::json& item : json) readJson(item, field, to.emplace_back());
}

/// Reads the fields of a struct from an object. Throws for a missing field unless it is optional, Nullable, a list, or
/// `given` returns true for its name, because its value comes from elsewhere, such as the path. Unknown fields are
/// ignored.
template <Described Struct, class Given>
void readJsonFields(const nlohmann::json& json, Struct& to, const Given& given) {
  if (!json.is_object()) throw Error(Fault::malformed, "body: must be a JSON object");
  forEachField<Struct>([&](const auto& field) {
    using Member = typename std::remove_cvref_t<decltype(field)>::Type;
    if (given(field.name)) return;
    const auto found = json.find(field.name);
    if (found != json.end())
      readJson(*found, field.name, to.*field.member);
    else if constexpr (!isOptional<Member> && !isNullable<Member> && !isList<Member>)
      throw Error(Fault::malformed, fmt::format("{}: is missing", field.name));
  });
}

template <Described Struct>
void readJson(const nlohmann::json& json, std::string_view field, Struct& to) {
  if (!json.is_object()) throwWrongType(field, "an object");
  readJsonFields(json, to, [](std::string_view) { return false; });
}

/// Reads a described struct from its JSON text.
template <Described Struct>
Struct fromJson(std::string_view text, bool unbounded = false) {
  Struct value;
  readJsonFields(parseJson(text, unbounded), value, [](std::string_view) { return false; });
  return value;
}

// ---- plain text: parameters of a path or query, arguments, cells of a table

void readText(std::string_view text, std::string_view field, std::string& to);
void readText(std::string_view text, std::string_view field, bool& to);
void readText(std::string_view text, std::string_view field, std::int64_t& to);
void readText(std::string_view text, std::string_view field, std::uint64_t& to);
void readText(std::string_view text, std::string_view field, UserId& to);
void readText(std::string_view text, std::string_view field, Time& to);
/// Reads a list separated by commas; an empty text is an empty list.
void readText(std::string_view text, std::string_view field, std::vector<std::string>& to);
template <class Noun>
void readText(std::string_view text, std::string_view field, Id<Noun>& to) {
  readText(text, field, to.text);
}
template <Named Enum>
void readText(std::string_view text, std::string_view field, Enum& to) {
  const auto value = valueOf<Enum>(text);
  if (!value) throw Error(Fault::malformed, fmt::format("{}: is none of {}", field, namesOf<Enum>(", ")));
  to = *value;
}
template <class T>
void readText(std::string_view text, std::string_view field, std::optional<T>& to) {
  readText(text, field, to.emplace());
}

/// The cell or parameter that stands for a value: like its JSON, without the quotes; empty where there is none.
template <class T>
std::string toText(const T& value) {
  if constexpr (isOptional<T> || isNullable<T>) {
    return value ? toText(*value) : std::string();
  } else if constexpr (std::convertible_to<T, std::string_view>) {
    return std::string(value);
  } else if constexpr (requires { value.text; }) {
    return value.text;
  } else if constexpr (Named<T>) {
    return std::string(nameOf(value));
  } else if constexpr (std::same_as<T, Time>) {
    return formatTime(value);
  } else if constexpr (std::same_as<T, std::vector<std::string>>) {
    return fmt::format("{}", fmt::join(value, ","));
  } else {
    return toJson(value);
  }
}

}  // namespace video
