#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace video::house {

/// Reads every C++ file below `root`/lib and `root`/cmd and says, one sentence each, where an include points the wrong
/// way (architecture.md, "Direction"), sorted.
std::vector<std::string> wrongIncludes(const std::filesystem::path& root);

}  // namespace video::house
