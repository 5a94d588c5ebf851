#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frame/command.hpp"

namespace video::ctl {

/// A generated file; `path` is relative to the source tree.
struct Made {
  std::string path;
  std::string text;
};

/// Returns the recipes for cron and shells that videoctl(1) and README.md show.
const std::vector<Example>& recipes();

/// Returns the manual pages (mdoc): videoctl(1), one per noun, videod(8) and videod.toml(5). `configuration` is the
/// text of etc/videod.toml, whose comments describe each key.
std::vector<Made> manualPages(const Commands& commands, std::string_view configuration);

/// Returns the completion script for `shell`: bash, zsh or fish. Empty for any other shell.
std::string_view completionScript(std::string_view shell);

/// Prints the completions of the last of `words` (the arguments of `videoctl`), one per line, each followed by a tab
/// and a description. `:file` and `:folder` leave completion to the shell. Returns 0; prints nothing on errors.
int complete(Caller& caller, const Commands& commands, std::vector<std::string> words);

/// Returns the subcommands of `app` that help shows, in order.
std::vector<CLI::App*> visible(const CLI::App& app);

/// Whether the option takes a value.
bool takesValue(const CLI::Option& option);

}  // namespace video::ctl
