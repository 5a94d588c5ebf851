#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/fields.hpp"

namespace video::ctl {

/// A server by a short name, and what signs us in there.
struct Context {
  std::string name;
  std::string server;
  std::string token;  ///< empty: not signed in
};

/// What contexts.toml holds.
struct Contexts {
  std::string current;  ///< empty: none, which is the data directory of this machine
  std::vector<Context> all;

  /// The context of this name; null where there is none.
  Context* find(std::string_view name);
  /// The same, but throws Error notFound.
  Context& get(std::string_view name);
};

/// `$XDG_CONFIG_HOME/videoctl/contexts.toml`, or below ~/.config; empty where there is no home.
std::filesystem::path contextsPath();

/// Reads the file; a missing one is empty. Throws Error: forbidden (others can read it), malformed.
Contexts loadContexts(const std::filesystem::path& path);

/// Replaces the file, 0600, whole or not at all. Throws Error.
void saveContexts(const std::filesystem::path& path, const Contexts& contexts);

}  // namespace video::ctl
