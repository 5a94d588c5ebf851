#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/mysql_dump.hpp"

namespace video::mysql {

/// Returns the value of the first of these columns that a row has; nothing for NULL, or if there is none of them.
std::optional<std::string> valueIn(const MysqlRow& row, std::initializer_list<std::string_view> columns);

/// Returns whether an ID of the old site can be kept: 1 to 255 characters without control characters.
bool isOldId(std::string_view id);

/// Parses a DATETIME, which is taken for UTC, or the original's form for people (`Jan 02 2006, 15:04:05`).
std::optional<Time> parseOldTime(std::string_view text);

/// Returns a valid user name for an old one: itself if it is valid, with `_` for each character that is not allowed if
/// it is ASCII, else `user_` and the ID.
std::string userNameFor(std::string_view name, std::string_view id);

/// Returns a name that is like this one, but ends in `_` and a number, and is not longer than a user name may be.
std::string numberedName(std::string_view name, int number);

/// Returns a text as checkText takes it, if it has at most `most` characters: valid UTF-8, with spaces for control
/// characters, and LF for every line break if it may have several lines. Does not cut it.
std::string cleanText(std::string_view text, bool hasLines);

/// Returns the first `most` characters of valid UTF-8.
std::string_view firstCharacters(std::string_view text, std::size_t most);

/// Returns whether a stored password is a hash, such as bcrypt's, and not the password itself.
bool isPasswordHash(std::string_view password);

/// Returns whether an ID is of the form that videos and comments have here: a UUIDv7 in lower case.
bool isUuid7(std::string_view id);

}  // namespace video::mysql
