#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/clock.hpp"
#include "comments/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/print.hpp"
#include "os/descriptor.hpp"
#include "os/files.hpp"
#include "shares/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

// A file for a program that we start, which is removed at the end.
class GivenFile {
 public:
  explicit GivenFile(std::string_view ending) {
    path_ = (std::filesystem::temp_directory_path() / "videoctl-XXXXXX").string();
    path_ += ending;
    file_ = Descriptor(::mkstemps(path_.data(), static_cast<int>(ending.size())));
    if (!file_) throwFileError(path_, errno);
  }
  ~GivenFile() { ::unlink(path_.c_str()); }
  GivenFile(const GivenFile&) = delete;
  GivenFile& operator=(const GivenFile&) = delete;

  const std::string& path() const { return path_; }
  void write(std::span<const std::byte> bytes) const { writeFile(file_.number(), bytes, path_); }

 private:
  std::string path_;
  Descriptor file_;
};

// What a player opens: a URL, or a file of ours that it inherits.
struct Playable {
  std::string source;
  std::optional<ShareId> share{};
  Descriptor file{};
};

// Long enough to watch the video, with breaks.
std::chrono::milliseconds lifeOf(const Video& video) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours{12};
  if (!video.durationMs) return longest;
  return std::min(longest, std::chrono::milliseconds{2 * *video.durationMs} + std::chrono::hours{1});
}

Playable playableOf(Caller& caller, const VideoRef& wanted, const Video& video) {
  const std::string site = caller.target().kind == Target::Kind::direct ? std::string() : caller.siteUrl();
  Playable playable;
  if (site.empty()) {
    const Content content = caller.toolkit().videos().open(caller.by(), OpenVideo{{wanted}});
    const auto file = content.reader->file();
    if (!file) throw Error(Fault::contentUnavailable, "play: the daemon has no address that a player could open");
    playable.file = Descriptor(::dup(file->number()));  // inherited, unlike the original
    playable.source = fmt::format("/dev/fd/{}", playable.file.number());
    return playable;
  }
  try {
    NewShare share;
    share.video = wanted.id;
    share.expires = systemClock().now() + lifeOf(video);
    share.label = "videoctl play";
    const CreatedShare made = caller.toolkit().shares().create(caller.by(), share);
    playable.share = made.id;
    playable.source = made.url.starts_with('/') ? site + made.url : made.url;
  } catch (const Error& error) {
    // Whoever may not share the video can still watch it if everyone can.
    if (error.fault() != Fault::forbidden && error.fault() != Fault::unauthenticated) throw;
    playable.source = fmt::format("{}/videos/{}", site, wanted.id.text);
  }
  return playable;
}

// Runs a program to its end. Returns its exit status, or 128 + the signal that ended it.
int runPlayer(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ); error != 0)
    throw Error(Fault::internal, fmt::format("{}: cannot be started: {}; install mpv, or set PLAYER to another player",
                                             words[0], std::strerror(error)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<std::string> playerWords() {
  std::vector<std::string> words;
  const std::string player = fromEnvironment("PLAYER").value_or("mpv");
  for (std::string_view rest = player; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (!word.empty()) words.emplace_back(word);
  }
  if (words.empty()) throw Usage("PLAYER: names no program");
  return words;
}

// Returns false if the danmaku cannot be exported: the video can be watched without them.
bool writeDanmaku(Caller& caller, const VideoRef& wanted, const GivenFile& to) {
  try {
    const Content content = caller.toolkit().comments().exportAs(caller.by(), {wanted.id, CommentFormat::ass});
    pushAll(content, "danmaku", [&](std::span<const std::byte> bytes) { to.write(bytes); });
    return true;
  } catch (const Error& error) {
    if (error.fault() == Fault::unauthenticated) throw;
    say(fmt::format("play: playing without danmaku: {}", error.what()));
    return false;
  }
}

int play(Caller& caller, VideoRef& wanted) {
  std::vector<std::string> words = playerWords();
  const Video video = caller.toolkit().videos().show(caller.by(), wanted);
  const SignalNote note;  // the player gets the signal too, and ends
  const GivenFile danmaku(".ass");
  const bool hasDanmaku = writeDanmaku(caller, wanted, danmaku);
  if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
  const Playable playable = playableOf(caller, wanted, video);
  const bool isMpv = std::filesystem::path(words[0]).filename() == "mpv";
  if (isMpv) words.push_back(fmt::format("--force-media-title={}", harmless(video.name)));
  if (hasDanmaku) words.push_back(fmt::format("--sub-file={}", danmaku.path()));
  std::optional<GivenFile> list;
  std::optional<Error> failure;
  int status = 0;
  try {
    if (isMpv && playable.share) {  // every user of the machine sees the arguments, and the URL has the right to watch
      const std::string line = playable.source + "\n";
      list.emplace(".m3u");
      list->write(std::as_bytes(std::span(line)));
      words.push_back(fmt::format("--playlist={}", list->path()));
    } else {
      words.push_back(playable.source);
    }
    status = runPlayer(words);
  } catch (const Error& error) {
    failure = error;
  }
  if (playable.share) caller.toolkit().shares().revoke(caller.by(), {wanted.id, *playable.share});
  if (failure) throw Error(*failure);
  if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
  if (status != 0) throw Error(Fault::internal, fmt::format("{}: ended with status {}", words[0], status));
  return 0;
}

}  // namespace

void addPlay(Commands& commands) {
  auto verb = commands.plain<VideoRef>("play", "Play a video and its danmaku with mpv, or the program in $PLAYER");
  verb.option("ID", &VideoRef::id)->required();
  verb.runs(play);
}

}  // namespace video::ctl
