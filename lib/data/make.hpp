#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "data/data.hpp"

namespace video {

namespace store {
struct StoreOptions;
}

/// Makes the operations on the folder `path`. `origin` says where the path came from, for error messages; a new
/// directory has a reserve if the floor of `store` remains free; `deletionDelay` is how long a restore puts off
/// deletions.
std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    const store::StoreOptions& store, std::chrono::milliseconds deletionDelay);

}  // namespace video
