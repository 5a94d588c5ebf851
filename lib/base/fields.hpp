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

/// One field of a struct: its name on the wire, where it is, what it means.
template <class Struct, class Member>
struct Field {
  using Type = Member;
  std::string_view name;
  Member Struct::*member;
  std::string_view doc;
};

/// Specialised once per struct, in its room's fields.hpp: `list`, a tuple of Field in wire order; for what lists hold
/// also `plural`, the list's name in JSON. From it come the JSON reader and writer, table and tsv columns and schemas.
template <class Struct>
struct Fields;

template <class T>
concept Described = requires {
  Fields<T>::list;
};

/// Specialised once per enumeration: `list`, an array of pairs of value and wire text.
template <class Enum>
struct Names;

template <class T>
concept Named = requires {
  Names<T>::list;
};

/// The wire text of an enumeration's value.
template <Named Enum>
constexpr std::string_view nameOf(Enum value) {
  for (const auto& [known, name] : Names<Enum>::list)
    if (known == value) return name;
  return {};
}

/// The value whose wire text is `text`; nothing where there is none.
template <Named Enum>
constexpr std::optional<Enum> valueOf(std::string_view text) {
  for (const auto& [known, name] : Names<Enum>::list)
    if (name == text) return known;
  return std::nullopt;
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

/// A value that is written as null where it is empty; a plain optional is left out instead.
template <class T>
struct Nullable : std::optional<T> {
  using std::optional<T>::optional;
  using std::optional<T>::operator=;
};

/// What every list can be asked for.
struct ListQuery {
  std::optional<Time> since;          ///< created at or after
  std::optional<Time> until;          ///< created before
  std::int64_t limit = 50;            ///< items on a page, 1..1000
  std::optional<std::string> cursor;  ///< `next_cursor` of the page before
};

template <>
struct Fields<ListQuery> {
  static constexpr std::tuple list{
      Field{"since", &ListQuery::since, "created at or after this time"},
      Field{"until", &ListQuery::until, "created before this time"},
      Field{"limit", &ListQuery::limit, "items on a page, 1 to 1000"},
      Field{"cursor", &ListQuery::cursor, "next_cursor of the page before"},
  };
};

/// One page of a list, and where the next begins; no cursor on the last.
template <class Item>
struct Page {
  std::vector<Item> items;
  Nullable<std::string> nextCursor;
};

template <Described Item>
struct Fields<Page<Item>> {
  static constexpr std::tuple list{
      Field{Fields<Item>::plural, &Page<Item>::items, "the page's items"},
      Field{"next_cursor", &Page<Item>::nextCursor, "asks for the next page; null on the last"},
  };
};

/// Of an operation that has nothing to say.
struct Nothing {};

template <>
struct Fields<Nothing> {
  static constexpr std::tuple<> list{};
};

}  // namespace video
