#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace video::store {

/// One step of the schema, from the file `migrations/NUMBER.sql`.
struct Migration {
  std::int64_t number;
  std::string_view sql;
};

/// All steps in order; the last one's number is the schema of this program. Made from the files by embed.cmake.
const std::vector<Migration>& migrations();

}  // namespace video::store
