#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/forward.hpp"
#include "data/data.hpp"
#include "uploads/uploads.hpp"

namespace video::access {
struct AccessOptions;
}
namespace video::store {
struct StoreOptions;
}

namespace video {

/// Makes the operations on the folder `path`. `origin` says where the path came from, for error messages; a new
/// directory has a reserve if the floor of `store` remains free; `deletionDelay` is how long a restore puts off
/// deletions.
std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    const store::StoreOptions& store, std::chrono::milliseconds deletionDelay);

/// Makes the import; the arguments must outlive it.
std::unique_ptr<DataImport> makeDataImport(store::Database& database, LocalUploads& uploads,
                                           const access::AccessOptions& options);

}  // namespace video
