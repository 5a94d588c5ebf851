#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/fields.hpp"

namespace video::ctl {

/// A saved server, and the token for it.
struct Context {
  std::string name;
  std::string server;
  std::string token{};  ///< empty: not signed in
  std::string user{};   ///< whose token it is; empty: unknown
};

/// The contents of contexts.toml.
struct Contexts {
  std::string current;  ///< empty: none; commands use the data directory of this machine
  std::vector<Context> all;

  /// Returns the context of this name; null if there is none.
  Context* find(std::string_view name);
  /// Returns the context of this name. Throws Error notFound.
  Context& get(std::string_view name);
};

/// Returns `$XDG_CONFIG_HOME/videoctl/contexts.toml`, by default below ~/.config; empty without a home directory.
std::filesystem::path contextsPath();

/// Reads the file; a missing file counts as empty. Throws Error: forbidden if others can read it, malformed.
Contexts loadContexts(const std::filesystem::path& path);

/// Reads the file, lets `change` change what it has, and replaces it atomically, with mode 0600, while no other process
/// does so. Throws Error, and what `change` throws; the file then stays as it is.
void changeContexts(const std::filesystem::path& path, const std::function<void(Contexts&)>& change);

}  // namespace video::ctl
