#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/forward.hpp"
#include "data/data.hpp"
#include "uploads/uploads.hpp"

namespace video::access {
struct AccessOptions;
}

namespace video {

/// Options of Data.
struct DataOptions {
  std::chrono::milliseconds lockTimeout{};    ///< longest wait for other processes
  std::uint64_t freeSpaceFloor = 0;           ///< a new directory has a reserve if so many bytes remain free
  std::chrono::milliseconds deletionDelay{};  ///< how long a deleted video can be restored
};

/// Makes the operations on the folder `path`. `origin` says where the path came from, for error messages.
std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    const DataOptions& options);

/// Makes the import; the arguments must outlive it.
std::unique_ptr<DataImport> makeDataImport(store::Database& database, LocalUploads& uploads,
                                           const access::AccessOptions& options);

}  // namespace video
