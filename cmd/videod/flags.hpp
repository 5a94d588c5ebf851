#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace video::daemon {

/// What videod's command line says; its manual is made from this too.
struct Flags {
  std::optional<std::string> config;
  std::optional<std::string> dataDirectory;
  std::vector<std::string> listen;
  bool noTasks = false;
  bool check = false;
};

inline void addFlags(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config, "Configuration file (VIDEOD_CONFIG, /etc/videod.toml)")->type_name("FILE");
  app.add_option("--data-dir", flags.dataDirectory, "Data directory, instead of the file's data_dir")->type_name("DIR");
  app.add_option("--listen", flags.listen, "Address to listen on, instead of the file's listeners; may be repeated")
      ->type_name("ADDRESS")
      ->expected(1)
      ->take_all();
  app.add_flag("--no-tasks", flags.noTasks, "Run no tasks in this process");
  app.add_flag("--check", flags.check, "Read the configuration, say whether it is good, and end");
  app.set_version_flag("--version", "videod " VIDEO_VERSION, "Print the version and end");
}

}  // namespace video::daemon
