#include "contract/site.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "http/client/client.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/router.hpp"
#include "http/server/transport.hpp"
#include "schedule/alarm.hpp"
#include "schedule/schedule.hpp"
#include "users/fields.hpp"

namespace video::test {

void idle(Settings& settings) {
  for (auto& [name, timing] : settings.tasks.timings) timing.enabled = false;
}

RemoveVideo removing(const VideoId& id, std::optional<bool> now) {
  RemoveVideo wanted;
  wanted.id = id;
  wanted.now = now;
  return wanted;
}

Site::Site(Way way, const std::function<void(Settings&)>& change) {
  settings_.dataDirectory = folder_.path() / "data";
  settings_.access.passwordOpslimit = 1;  // cheap hashes, because their cost is not tested here
  settings_.access.passwordMemlimit = 8192;
  settings_.store.freeSpaceFloor = 0;
  settings_.renditions.programs = "";  // no ffmpeg, unless it is what is tested
  if (change) change(settings_);
  local_ = openLocal(settings_, "the test", true);
  RunningDaemon daemon;
  daemon.status = [this] {
    return ServerStatus{VIDEO_VERSION,      Time{},         1, local_->whyNotReady().empty(), local_->isDiskLow(), 2, 3,
                        local_->degraded(), {{"a warning"}}};
  };
  daemon.limits = [] { return ServerLimits{{{"streams", 1, 2, 3}}}; };
  daemon.reload = [] { return Reloaded{{"log.level"}, {"http.workers"}}; };
  daemon.metrics = [] { return std::string("videod_tokens 1\n"); };
  daemon.roles = [this] { return std::vector<RoleUrl>{{"api", url_}}; };
  local_->server().become(std::move(daemon));
  if (way == Way::local) return;

  scheduler_ = local_->tasks().makeScheduler(schedule::systemAlarmClock());
  http::RouterOptions routing;
  routing.origins = settings_.origins;
  routing.uploadPatience = settings_.uploads.patience;
  routing.dataVersion = [this] { return local_->dataVersion(); };
  router_ = std::make_unique<http::Router>(routing, settings_.limiter);
  serve(*router_, *local_, settings_.cookies, settings_.web);
  transport_ = std::make_unique<http::Transport>(*router_, settings_.transport);
  http::Listener tcp;
  tcp.publicUrl = settings_.listeners.front().publicUrl;
  tcp.address = "127.0.0.1:0";
  url_ = "http://" + transport_->listen(tcp);
  const auto socket = settings_.dataDirectory / "videod.sock";
  http::Listener unixSocket;
  unixSocket.address = "unix:" + socket.string();
  unixSocket.operatorSocket = true;
  transport_->listen(unixSocket);
  transport_->start();
  scheduler_->start();
  http::ClientOptions byTcp;
  byTcp.url = url_;
  remote_ = openRemote(byTcp);
  http::ClientOptions bySocket;
  bySocket.socketPath = socket;
  operator_ = openRemote(bySocket);
}

Site::~Site() {
  if (scheduler_) scheduler_->stop();
  if (transport_) transport_->stop();
}

Toolkit& Site::at(const Credential& by) {
  if (!remote_) return *local_;
  return std::holds_alternative<Operator>(by) ? *operator_ : *remote_;
}

Credential Site::user(const std::string& name, Role role) {
  NewUser wanted;
  wanted.name = name;
  wanted.password = "password-of-" + name;
  wanted.role = role;
  at(Operator{}).users().add(Operator{}, wanted);
  Login login;
  login.name = name;
  login.password = wanted.password;
  return Secret{at(Anonymous{}).sessions().login(Anonymous{}, login).sessionId.value(), false};
}

VideoId Site::video(const Credential& by, const std::string& owner, const std::string& name, std::string content) {
  const VideoId id = at(by).videos().add(by, {owner, name}).id;
  if (content.empty()) content = movie();
  at(by).uploads().put(by, {id, std::nullopt}, sourceOf(content));
  return id;
}

std::string movie(std::size_t size, int seed) {
  std::string bytes(
      "\0\0\0\x18"
      "ftypmp42",
      12);
  std::uint32_t state = static_cast<std::uint32_t>(seed) * 2654435761U + 1;
  while (bytes.size() < size) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24);
  }
  bytes.resize(size);
  return bytes;
}

std::string picture(int seed) {
  using namespace std::string_literals;
  return "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0"s + std::to_string(seed) +
         "\0\0\0\0IEND\xae\x42\x60\x82"s;
}

ByteSource sourceOf(const std::string& text, std::size_t piece) {
  ByteSource source;
  source.size = text.size();
  source.repeatable = true;
  source.push = [text, piece](const ByteSink& sink) {
    for (std::size_t at = 0; at < text.size(); at += piece)
      sink(std::as_bytes(std::span(text).subspan(at, std::min(piece, text.size() - at))));
  };
  return source;
}

std::string readAll(const Content& content, std::size_t piece) {
  std::string bytes;
  std::vector<std::byte> buffer(piece);
  while (const std::size_t got = content.reader->read(bytes.size(), buffer))
    bytes.append(reinterpret_cast<const char*>(buffer.data()), got);
  return bytes;
}

std::string bytesOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::size_t countFiles(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

Credential linkOf(const std::string& url) {
  SignedLink link;
  for (const auto& [name, value] : http::parseQuery(url.substr(url.find('?') + 1)))
    (name == "share" ? link.share : name == "exp" ? link.expires : link.signature) = value;
  return link;
}

void requireFault(const std::function<void()>& call, Fault fault, std::string_view needle) {
  try {
    call();
  } catch (const Error& error) {
    INFO(error.detail());
    CHECK(rowOf(error.fault()).code == rowOf(fault).code);
    CHECK(rowOf(error.fault()).httpStatus == rowOf(fault).httpStatus);
    CHECK(error.detail().find(needle) != std::string::npos);
    return;
  }
  FAIL("no error; expected " << rowOf(fault).sentence);
}

}  // namespace video::test
