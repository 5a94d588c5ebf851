#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace video::ctl {

// Each of these returns what somebody probably means, as it is to be typed: flags such as `-o json`, or a whole command
// such as `videoctl user add`. Empty if it cannot be guessed.

/// Returns the words of a command from the noun on, such as `user add`; empty for the program itself.
std::string pathOf(const CLI::App& command);

/// Whether a verb stands before its noun: `left`, the words that mean nothing after `command`, begins with one of
/// `given`, all words of the command line, before the noun, or has a noun (or its plural) behind it.
bool isVerbFirst(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& left,
                 const std::vector<std::string>& given);

/// For `words` after `command`, which has no such subcommand.
std::string rightCommand(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words);

/// For `words` after `command` that begin with a flag which it does not have. `rehearses`: it supports --dry-run.
std::string rightFlag(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words,
                      bool rehearses);

/// For a value that a flag does not take, from CLI11's message about it.
std::string rightValue(std::string_view problem);

/// For a word after `command`, which takes no such argument.
std::string rightArgument(const CLI::App& command, const std::string& word);

/// Returns a text as a shell takes it for one word; empty if it has what no shell would show.
std::string shellWord(const std::string& text);

}  // namespace video::ctl
