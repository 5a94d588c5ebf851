#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "data/data.hpp"

namespace video {

/// Makes the operations on the folder `path`. `origin` says where the path came from, for error messages;
/// `lockTimeout` limits the wait for other processes; a new directory has a reserve if `freeSpaceFloor` bytes remain
/// free.
std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    std::chrono::milliseconds lockTimeout, std::uint64_t freeSpaceFloor);

}  // namespace video
