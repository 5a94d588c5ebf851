#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace video {

/// A field in a JSON Schema.
struct FieldSchema {
  std::string_view name;
  std::string_view doc;
  std::string schema;  ///< JSON
  bool required = false;
  bool hasDefault = false;
};

/// Writes JSON Schemas (2020-12) from the field lists. Each struct is written once, among `named`, and referenced.
class SchemaWriter {
 public:
  /// `place` is where the named schemas will be in the document, such as `#/$defs/`.
  explicit SchemaWriter(std::string_view place) : place_(place) {}

  /// Returns the schema of `T`.
  template <class T>
  std::string of();
  /// Returns the schemas of a struct's fields, in order.
  template <Described T>
  std::vector<FieldSchema> fields();
  /// Returns the schema of an object with these fields.
  static std::string object(const std::vector<FieldSchema>& fields);
  /// Returns the schemas of all structs used so far, by name.
  const std::map<std::string, std::string>& named() const { return named_; }

 private:
  // `Video` for video::Video; empty for a template instance, whose name would mean nothing to a reader.
  template <class T>
  static std::string_view nameOfType() {
    std::string_view text = __PRETTY_FUNCTION__;  // ... [with T = video::Video; ...]
    text.remove_prefix(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of(";]"));
    if (text.find('<') != std::string_view::npos) return {};
    return text.substr(text.rfind(':') + 1);
  }

  std::string place_;
  std::map<std::string, std::string> named_;
};

template <class T>
std::string SchemaWriter::of() {
  if constexpr (isNullable<T>) {
    return R"({"anyOf":[)" + of<typename T::value_type>() + R"(,{"type":"null"}]})";
  } else if constexpr (isOptional<T>) {
    return of<typename T::value_type>();
  } else if constexpr (Named<T>) {
    std::string out = R"({"type":"string","enum":[)";
    for (const auto& entry : Names<T>::list) {
      if (&entry != &Names<T>::list[0]) out += ',';
      appendJsonString(out, entry.second);
    }
    return out + "]}";
  } else if constexpr (Described<T>) {
    const std::string name(nameOfType<T>());
    if (name.empty()) return object(fields<T>());
    if (const auto [at, isNew] = named_.try_emplace(name); isNew) at->second = object(fields<T>());
    return R"({"$ref":")" + place_ + name + "\"}";
  } else if constexpr (std::same_as<T, bool>) {
    return R"({"type":"boolean"})";
  } else if constexpr (std::integral<T> || std::same_as<T, UserId>) {
    return R"({"type":"integer"})";
  } else if constexpr (std::same_as<T, Time>) {
    return R"({"type":"string","format":"date-time"})";
  } else if constexpr (requires(T list) { list.push_back(typename T::value_type{}); } &&
                       !std::convertible_to<T, std::string_view>) {
    return R"({"type":"array","items":)" + of<typename T::value_type>() + '}';
  } else {
    return R"({"type":"string"})";
  }
}

template <Described T>
std::vector<FieldSchema> SchemaWriter::fields() {
  std::vector<FieldSchema> all;
  forEachField<T>([&](const auto& field) {
    using Member = typename std::remove_cvref_t<decltype(field)>::Type;
    all.push_back({field.name, field.doc, of<Member>(), !isOptional<Member>, hasDefault(field)});
  });
  return all;
}

inline std::string SchemaWriter::object(const std::vector<FieldSchema>& fields) {
  std::string properties;
  std::string required;
  for (const FieldSchema& field : fields) {
    if (!properties.empty()) properties += ',';
    appendJsonString(properties, field.name);
    // In 2020-12 a description may stand next to $ref.
    properties += R"(:{"description":)";
    appendJsonString(properties, field.doc);
    properties += ',' + field.schema.substr(1);
    if (!field.required) continue;
    if (!required.empty()) required += ',';
    appendJsonString(required, field.name);
  }
  return R"({"type":"object","required":[)" + required + R"(],"properties":{)" + properties + "}}";
}

}  // namespace video
