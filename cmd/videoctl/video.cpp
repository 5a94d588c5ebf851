#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <variant>

#include "base/text.hpp"
#include "command.hpp"
#include "deletions/fields.hpp"
#include "files.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

struct UploadVideos {
  std::vector<std::string> files;
  std::string user;
  std::string name;
};

struct DownloadVideo : VideoRef {
  std::string to;
};

struct Ids {
  std::vector<std::string> ids;
  bool now = false;
};

struct VerifyVideos {
  std::vector<std::string> ids;
  bool all = false;
};

int verifyVideos(Caller& caller, VerifyVideos& wanted) {
  if (wanted.all == !wanted.ids.empty()) throw Usage("video verify: say which: ID… or --all");
  Videos& videos = caller.toolkit().videos();
  VideoQuery query;
  query.state = VideoState::ready;
  query.limit = 1000;
  for (bool more = wanted.all; more; more = query.cursor.has_value()) {
    const Page<Video> page = videos.list(caller.by(), query);
    for (const Video& video : page.items) wanted.ids.push_back(video.id.text);
    query.cursor = page.nextCursor;
  }
  bool allSound = true;
  const int status = runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
    const VerifiedVideo found = videos.verify(caller.by(), {VideoId{id}, {}});
    allSound = allSound && found.sound;
    return {found.sound ? "sound" : "damaged", id, {}, {}};
  });
  constexpr int problems = 10;
  return status == 0 && !allSound ? problems : status;
}

using Input = std::variant<Descriptor, Error>;

Input openInput(const std::string& path) {
  Descriptor file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) return file;
  try {
    throwFileError(path, errno);
  } catch (const Error& error) {
    return error;
  }
}

void allowManyFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Adds a video and sends its bytes; where that fails the video that waits for them is taken away again.
VideoId uploadOne(Caller& caller, const NewVideo& wanted, const ByteSource& source) {
  const SignalNote note;
  Toolkit& toolkit = caller.toolkit();
  const VideoId id = toolkit.videos().add(caller.by(), wanted).id;
  try {
    toolkit.uploads().put(caller.by(), {id, {}}, source);
  } catch (const Error&) {
    try {
      toolkit.deletions().remove(caller.by(), {{id, {}}, true});
    } catch (const Error& error) {
      say(fmt::format("video {}: still waits for its bytes: {}", id.text, error.what()));
    }
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    throw;
  }
  return id;
}

int upload(Caller& caller, UploadVideos& wanted) {
  const bool several = wanted.files.size() > 1;
  if (several && !wanted.name.empty()) throw Usage("--name: names one video, and several files are given");
  if (several && std::find(wanted.files.begin(), wanted.files.end(), "-") != wanted.files.end())
    throw Usage("video upload: - goes alone");
  if (wanted.files[0] == "-" && wanted.name.empty()) throw Usage("video upload -: needs --name NAME");
  allowManyFiles();
  std::vector<Input> inputs;
  for (const std::string& path : wanted.files) inputs.push_back(openInput(path));
  if (!several && std::holds_alternative<Error>(inputs[0])) throw std::get<Error>(inputs[0]);
  if (wanted.user.empty()) wanted.user = caller.self("video upload", "--user");
  std::size_t next = 0;
  return runBatch(caller, Items(wanted.files), [&](const std::string& path) -> Result {
    const Input input = std::move(inputs[next++]);
    if (const auto* error = std::get_if<Error>(&input)) throw Error(*error);
    const std::string name = wanted.name.empty() ? std::filesystem::path(path).filename().string() : wanted.name;
    const VideoId id = uploadOne(caller, {wanted.user, name}, sourceOf(std::get<Descriptor>(input), path));
    return {"uploaded", id.text, path, {}};
  });
}

std::string_view extensionOf(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known{{{"video/mp4", ".mp4"},
                                                                                {"video/webm", ".webm"},
                                                                                {"video/x-matroska", ".mkv"},
                                                                                {"video/quicktime", ".mov"},
                                                                                {"video/ogg", ".ogv"},
                                                                                {"video/mp2t", ".ts"},
                                                                                {"video/x-msvideo", ".avi"},
                                                                                {"video/x-flv", ".flv"}}};
  for (const auto& [name, extension] : known)
    if (name == type) return extension;
  return {};
}

// A file name in no other folder, not hidden, of at most 200 bytes.
std::string safeName(std::string_view text) {
  std::string name(text.substr(0, 200));
  while (!isUtf8(name)) name.pop_back();
  for (char& c : name)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
  if (name.empty() || name[0] == '.' || name[0] == '-') name.insert(0, "_");
  return name;
}

std::string fileNameOf(const Video& video) {
  std::string name = safeName(video.name);
  if (std::filesystem::path(name).extension().empty()) name += extensionOf(video.contentType);
  return name;
}

// Pushes a content's bytes into `sink` and throws unless they are those that `video` says.
void copy(const Content& content, const Video& video, const ByteSink& sink) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  std::vector<std::byte> piece(1024 * 1024);
  std::uint64_t offset = 0;
  while (const std::size_t count = content.reader->read(offset, piece)) {
    EVP_DigestUpdate(hash.get(), piece.data(), count);
    sink(std::span(piece.data(), count));
    offset += count;
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  EVP_DigestFinal_ex(hash.get(), reinterpret_cast<unsigned char*>(digest.data()), &length);
  if (offset != static_cast<std::uint64_t>(video.size) || toHex(digest.substr(0, length)) != video.sha256)
    throw Error(Fault::internal, fmt::format("video {}: what came is not what it should be", video.id.text));
}

int download(Caller& caller, DownloadVideo& wanted) {
  if (wanted.to == "-") {
    const Content content = caller.toolkit().videos().open(caller.by(), wanted);
    copy(content, caller.toolkit().videos().show(caller.by(), wanted), [&](std::span<const std::byte> bytes) {
      caller.out.bytes(bytes);
      if (!caller.out.isOpen()) throw ClosedOutput{};
    });
    return 0;
  }
  std::error_code none;
  const std::filesystem::path to = wanted.to;
  const bool folder = wanted.to.empty() || std::filesystem::is_directory(to, none);
  PartFile part(folder ? to / (safeName(wanted.id.text) + ".part") : std::filesystem::path(wanted.to + ".part"));
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    const Content content = caller.toolkit().videos().open(caller.by(), wanted);
    const Video video = caller.toolkit().videos().show(caller.by(), wanted);
    const std::filesystem::path target = folder ? to / fileNameOf(video) : to;
    if (folder && std::filesystem::exists(target, none)) throwFileError(target, EEXIST);
    copy(content, video, [&](std::span<const std::byte> bytes) { writeFile(part.descriptor(), bytes, part.path()); });
    part.place(target, folder);
    return {"downloaded", id, target.string(), {}};
  });
}

}  // namespace

void addVideo(Commands& commands) {
  CLI::App& noun = commands.noun(
      "video", "The videos of the site",
      {{"Upload two files", "videoctl video upload holiday.mp4 beach.mp4 --user ada"},
       {"Ids of the three newest", "videoctl video list --limit 3 -o id"},
       {"Delete what is older than a year",
        "videoctl video list --user ada --until -365d -o id | videoctl video delete -"},
       {"Delete the newest, and take it back",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl video delete \"$id\"\nvideoctl video restore \"$id\""},
       {"Read every content and compare it with what came", "videoctl video verify --all"}});

  auto put = commands.verb<UploadVideos>(noun, "upload", "Adds videos from files, or one from stdin with -");
  put.several("FILE", &UploadVideos::files, "files, or - for stdin");
  put.option("--user", &UploadVideos::user, "the owner; default: the caller")->type_name("USER");
  put.option("--name", &UploadVideos::name, "the video's name; default: the file's");
  put.givesResults();
  put.runs(upload);

  auto list = commands.verb<VideoQuery>(noun, "list", "Own videos; an admin's and the operator's: all");
  list.option("--user", &VideoQuery::user)->type_name("USER");
  list.option("--state", &VideoQuery::state, "only in this state; default: ready, and one's own that are pending");
  list.option("--sort", &VideoQuery::sort, "by what; default: the newest first");
  list.lists();
  list.givesList<Page<Video>>();
  list.runs([](Caller& caller, VideoQuery& wanted) {
    Videos& videos = caller.toolkit().videos();
    caller.out.list(wanted, "id,author,state,create_time,size,name,purge_time",
                    [&](const VideoQuery& query) { return videos.list(caller.by(), query); });
    return 0;
  });

  auto show = commands.verb<VideoRef>(noun, "show", "One video");
  show.option("ID", &VideoRef::id)->required();
  show.givesOne<Video>();
  show.runs([](Caller& caller, VideoRef& wanted) {
    caller.out.one([&] { return caller.toolkit().videos().show(caller.by(), wanted); });
    return 0;
  });

  auto get = commands.verb<DownloadVideo>(noun, "download", "Writes a video to a file");
  get.option("ID", &VideoRef::id)->required();
  get.option("--to", &DownloadVideo::to, "a file or folder, or - for stdout; default: the video's name here")
      ->type_name("FILE");
  get.givesResults();
  get.runs(download);

  auto rename = commands.verb<RenameVideo>(noun, "rename", "Gives a video another name");
  rename.option("ID", &RenameVideo::id)->required();
  rename.option("NAME", &RenameVideo::name)->required();
  rename.givesResults();
  rename.runs([](Caller& caller, RenameVideo& wanted) {
    return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
      caller.toolkit().videos().rename(caller.by(), wanted);
      return {"renamed", id, {}, {}};
    });
  });

  auto verify = commands.verb<VerifyVideos>(noun, "verify", "Reads contents and compares them with what came");
  verify.several("ID", &VerifyVideos::ids, "videos, or - for one a line on stdin")->required(false);
  verify.flag("--all", &VerifyVideos::all, "all of one's own; an admin's and the operator's: everybody's");
  verify.givesResults();
  verify.runs(verifyVideos);

  auto remove = commands.verb<Ids>(noun, "delete", "Deletes videos; until they are cleared they can be restored");
  remove.several("ID", &Ids::ids, "videos, or - for one a line on stdin");
  remove.flag("--now", &Ids::now, "without the usual delay");
  remove.givesResults();
  remove.runs([](Caller& caller, Ids& wanted) {
    const auto now = wanted.now ? std::optional(true) : std::nullopt;
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().deletions().remove(caller.by(), {{VideoId{id}, {}}, now});
      return {"deleted", id, {}, {}};
    });
  });

  auto restore = commands.verb<Ids>(noun, "restore", "Takes deleted videos back");
  restore.several("ID", &Ids::ids, "videos, or - for one a line on stdin");
  restore.givesResults();
  restore.runs([](Caller& caller, Ids& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().deletions().restore(caller.by(), {VideoId{id}, {}});
      return {"restored", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
