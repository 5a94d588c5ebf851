#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace video::daemon {

/// The command line of videod. Its manual is generated from this too.
struct Flags {
  std::optional<std::string> config;
  std::optional<std::string> dataDirectory;
  std::vector<std::string> listen;
  bool noTasks = false;
  bool check = false;
};

/// Declares videod's options on `app` and binds them to `flags`, which must outlive the parsing.
inline void addFlags(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config,
                 "Read the configuration from FILE (default: $VIDEOD_CONFIG, /etc/videod.toml)")
      ->type_name("FILE");
  app.add_option("--data-dir", flags.dataDirectory, "Use DIR as the data directory, overriding data_dir")
      ->type_name("DIR");
  app.add_option("--listen", flags.listen, "Listen on ADDRESS instead of the configured listeners; may be repeated")
      ->type_name("ADDRESS")
      ->expected(1)
      ->take_all();
  app.add_flag("--no-tasks", flags.noTasks, "Do not run tasks on schedule in this process");
  app.add_flag("--check", flags.check, "Check the configuration and exit");
  app.set_version_flag("--version", "videod " VIDEO_VERSION, "Print the version and exit");
}

}  // namespace video::daemon
