#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frame/command.hpp"

namespace video::ctl {

/// A file made from the program, by its path below the source tree.
struct Made {
  std::string path;
  std::string text;
};

/// What people run from cron and in shells, in videoctl(1) and in README.md.
const std::vector<Example>& recipes();

/// The manual pages (mdoc): videoctl(1), one a noun, videod(8), videod.toml(5). `configuration` is the text of
/// etc/videod.toml, which says what each key means.
std::vector<Made> manualPages(const Commands& commands, std::string_view configuration);

/// The script that completes command lines in `shell`: bash, zsh or fish; empty for any other.
std::string_view completionScript(std::string_view shell);

/// Prints what the last of `words` (those behind `videoctl`) may become, a candidate a line with a tab before what it
/// is. `:file` and `:folder` leave it to the shell. Never fails: where nothing can be known there is nothing.
int complete(Caller& caller, const Commands& commands, std::vector<std::string> words);

/// The verbs and nouns that people see, in their order.
std::vector<CLI::App*> visible(const CLI::App& app);

/// Whether it is followed by a value.
bool takesValue(const CLI::Option& option);

}  // namespace video::ctl
