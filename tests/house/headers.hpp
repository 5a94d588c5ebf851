#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace video::house {

/// Reads every header below `root`/lib and says, one sentence each, which type or virtual function has no `///` and
/// which two types share a name.
std::vector<std::string> faultsOfHeaders(const std::filesystem::path& root);

}  // namespace video::house
