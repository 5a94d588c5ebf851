#pragma once

#include <functional>
#include <memory>

#include "data/data.hpp"
#include "store/directory.hpp"

namespace video {

/// Copies videos and what belongs to them to an open folder. See Data::exportTo.
void exportDirectory(const std::shared_ptr<store::DataDirectory>& directory, const ExportData& wanted, int folder,
                     const std::function<void(const ExportedVideo&)>& each, const DataProgress& progress);

}  // namespace video
