#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace video::ctl {

/// Returns the command that somebody probably means who types `words` after `command`, which has no such subcommand:
/// its words from the noun on, such as `user add`. Empty if it cannot be guessed.
std::string rightCommand(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words);

/// Returns the flag that somebody probably means who gives `flag` to `command`, which has none of this name: what to
/// type, such as `-o json`. Empty if it cannot be guessed.
std::string rightFlag(const CLI::App& root, const CLI::App& command, std::string_view flag);

}  // namespace video::ctl
