#pragma once

#include <filesystem>
#include <string>

#include "catch.hpp"
#include "e2e/ctl.hpp"

namespace video::e2e {

/// Returns where the packages of tests/e2e/NAME/package-lock.json are; they are installed there if they were not.
/// Empty, with a word about that, without node, and where npm cannot reach its registry.
inline std::filesystem::path npmModules(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path source = fs::path(VIDEO_SOURCE_DIR) / "tests/e2e" / name;
  if (run({"sh", "-c", "command -v node && command -v npm"}).status != 0) {
    WARN("skipped: node and npm are not installed");
    return {};
  }
  const fs::path folder = fs::path(VIDEO_BINARY_DIR) / (name + "-client");
  const fs::path installed = folder / "installed.json";
  if (fs::exists(installed) && read(installed) == read(source / "package-lock.json")) return folder / "node_modules";
  fs::create_directories(folder);
  for (const char* const file : {"package.json", "package-lock.json"})
    fs::copy_file(source / file, folder / file, fs::copy_options::overwrite_existing);
  const Ended ended = run(
      {"npm", "ci", "--prefix", folder.string(), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"});
  if (ended.status != 0) {
    WARN("skipped: npm cannot install " << name << ": " << ended.out << ended.err);
    return {};
  }
  fs::copy_file(source / "package-lock.json", installed, fs::copy_options::overwrite_existing);
  return folder / "node_modules";
}

}  // namespace video::e2e
