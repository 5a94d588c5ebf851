#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/error.hpp"
#include "catch.hpp"
#include "temp.hpp"
#include "toolkit/toolkit.hpp"

namespace video::http {
class Router;
class Transport;
}  // namespace video::http
namespace video::schedule {
class Scheduler;
}

namespace video::test {

enum class Way { local, remote };

/// Both ways, for GENERATE. With ThreadSanitizer only the remote one: it runs the same operations in a server with all
/// its threads, so that the local one would find nothing more, for half of the time of the longest part of CI.
inline Catch::Generators::GeneratorWrapper<Way> eachWay() {
#ifdef __SANITIZE_THREAD__
  return Catch::Generators::value(Way::remote);
#else
  return Catch::Generators::values({Way::local, Way::remote});
#endif
}

/// A site on a new data directory. Its operations are called directly, or over HTTP from a real server (by the
/// operator over the operator's socket, by others over TCP).
class Site {
 public:
  explicit Site(Way way, const std::function<void(Settings&)>& change = {});
  ~Site();

  /// Returns the operations for a caller.
  Toolkit& at(const Credential& by);
  LocalToolkit& local() { return *local_; }
  const Settings& settings() const { return settings_; }
  /// Remote only.
  const http::Router& router() const { return *router_; }
  /// The URL of the TCP listener, `http://127.0.0.1:PORT`; empty if local.
  const std::string& url() const { return url_; }
  std::filesystem::path data() const { return settings_.dataDirectory; }

  /// Adds a user with the password `password-of-NAME` and signs in.
  Credential user(const std::string& name, Role role = Role::user);
  /// Adds a ready video of `owner` with `content` (by default a small mp4).
  VideoId video(const Credential& by, const std::string& owner, const std::string& name, std::string content = {});

 private:
  TempDirectory folder_;
  Settings settings_;
  std::unique_ptr<LocalToolkit> local_;
  std::unique_ptr<schedule::Scheduler> scheduler_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<Toolkit> remote_;
  std::unique_ptr<Toolkit> operator_;
  std::string url_;
};

/// Tasks run only on request.
void idle(Settings& settings);
/// Returns the request to remove a video, at once where `now`.
RemoveVideo removing(const VideoId& id, std::optional<bool> now = {});

/// Returns `size` bytes that begin like an mp4 and differ for each `seed`.
std::string movie(std::size_t size = 3000, int seed = 0);
/// Returns a small PNG picture that differs for each `seed`.
std::string picture(int seed = 0);
/// Returns a source that pushes `text` in pieces of at most `piece` bytes.
ByteSource sourceOf(const std::string& text, std::size_t piece = 1000);
/// Returns all bytes of a content.
std::string readAll(const Content& content, std::size_t piece = 700);
/// Returns the credential that a signed link is, from its URL.
Credential linkOf(const std::string& url);
/// Returns the bytes of a file.
std::string bytesOf(const std::filesystem::path& file);
/// Writes a file, in place of what it had.
void overwrite(const std::filesystem::path& file, const std::string& bytes);
/// Counts the regular files below a folder.
std::size_t countFiles(const std::filesystem::path& folder);

/// Fails the test unless `call` throws an Error with this fault and `needle` in its detail.
void requireFault(const std::function<void()>& call, Fault fault, std::string_view needle = {});

}  // namespace video::test
