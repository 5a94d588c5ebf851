#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace video::rows {

/// A file that a row came to name.
struct ContentChange {
  std::int64_t number = 0;  ///< ascending
  std::string path;         ///< below the data directory
};

/// Returns the changes after `number`, oldest first, at most `limit`.
std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit);

}  // namespace video::rows
