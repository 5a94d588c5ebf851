#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "data/data.hpp"
#include "store/directory.hpp"

namespace video {

/// Checks an open data directory, which is held exclusively if it is to be repaired. `delay` is how long a deleted
/// video can be restored. See Data::check.
void checkDirectory(const std::shared_ptr<store::DataDirectory>& directory, const CheckData& wanted,
                    std::chrono::milliseconds delay, const std::function<void(const Finding&)>& found,
                    const DataProgress& progress);

}  // namespace video
