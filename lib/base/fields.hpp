#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace video {

/// A field of a struct: its name on the wire, the member, and its description.
template <class Struct, class Member>
struct Field {
  using Type = Member;
  std::string_view name;
  Member Struct::*member;
  std::string_view doc;
};
// Clang before 17 deduces none for an aggregate.
template <class Struct, class Member>
Field(std::string_view, Member Struct::*, std::string_view) -> Field<Struct, Member>;

/// Describes the fields of a struct; specialised once per struct, in its noun's fields.hpp. `list` is a tuple of Field
/// in wire order; structs that occur in lists also have `plural`, the name of the list in JSON, and `identifier`, the
/// field by which people name an item, if that is not `id`. The JSON reader and writer, table and TSV columns, and
/// schemas are made from it.
template <class Struct>
struct Fields;

/// A struct that has Fields.
template <class T>
concept Described = requires {
  Fields<T>::list;
};

/// Describes the values of an enumeration; specialised once each. `list` is an array of pairs of value and wire text.
template <class Enum>
struct Names;

/// An enumeration that has Names.
template <class T>
concept Named = requires {
  Names<T>::list;
};

/// Returns the wire text of an enumeration's value.
template <Named Enum>
constexpr std::string_view nameOf(Enum value) {
  for (const auto& [known, name] : Names<Enum>::list)
    if (known == value) return name;
  return {};
}

/// Returns the value whose wire text is `text`; nothing if there is none.
template <Named Enum>
constexpr std::optional<Enum> valueOf(std::string_view text) {
  for (const auto& [known, name] : Names<Enum>::list)
    if (name == text) return known;
  return std::nullopt;
}

/// Returns all names of an enumeration, with `separator` between them.
template <Named Enum>
std::string namesOf(std::string_view separator) {
  std::string all;
  for (const auto& entry : Names<Enum>::list) {
    if (!all.empty()) all += separator;
    all += entry.second;
  }
  return all;
}

/// Whether a new `Struct` has a value of its own in this field, as `limit = 50`: who asks may leave it out.
template <class Struct, class Member>
bool hasDefault(const Field<Struct, Member>& field) {
  if constexpr (std::is_arithmetic_v<Member>)
    return Struct{}.*field.member != Member{};
  else
    return false;
}

/// Calls `visit(field)` for each field of `Struct`, in order.
template <Described Struct, class Visit>
constexpr void forEachField(Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, Fields<Struct>::list);
}

/// An optional that is written as null if it is empty; an empty std::optional is left out instead.
template <class T>
struct Nullable : std::optional<T> {
  using std::optional<T>::optional;
  using std::optional<T>::operator=;
};

/// The parameters that every list takes.
struct ListQuery {
  std::optional<Time> since;          ///< created at or after
  std::optional<Time> until;          ///< created before
  std::int64_t limit = 50;            ///< items on a page, 1..1000
  std::optional<std::string> cursor;  ///< `next_cursor` of the previous page
};

template <>
struct Fields<ListQuery> {
  static constexpr std::tuple list{
      Field{"since", &ListQuery::since, "created at or after this time"},
      Field{"until", &ListQuery::until, "created before this time"},
      Field{"limit", &ListQuery::limit, "items on a page, 1 to 1000"},
      Field{"cursor", &ListQuery::cursor, "next_cursor of the previous page"},
  };
};

/// One page of a list, with the cursor for the next page; null on the last page.
template <class Item>
struct Page {
  std::vector<Item> items;
  Nullable<std::string> nextCursor;
};

template <Described Item>
struct Fields<Page<Item>> {
  static constexpr std::tuple list{
      Field{Fields<Item>::plural, &Page<Item>::items, "the items on this page"},
      Field{"next_cursor", &Page<Item>::nextCursor, "cursor for the next page; null on the last page"},
  };
};

/// The request or reply of an operation that has none.
struct Nothing {};

template <>
struct Fields<Nothing> {
  static constexpr std::tuple<> list{};
};

}  // namespace video
