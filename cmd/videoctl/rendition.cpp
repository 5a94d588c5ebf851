#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "renditions/fields.hpp"

namespace video::ctl {
namespace {

struct ThumbnailOf : RenditionsOf {
  std::string set;
  std::string to;
  bool remove = false;
  bool overwrite = false;
};

struct RenderVideos {
  std::vector<std::string> ids;
  bool force = false;
  bool picture = false;
};

struct ListRenditions : RenditionQuery {
  std::optional<VideoId> id;
};

// What became of a request to make a form.
Result resultOf(const Rendition& made, const std::string& id) {
  switch (made.state) {
    case RenditionState::ready: return {"ready", id, {}, {}};
    case RenditionState::unneeded: return {"unneeded", id, {}, "browsers play it as it is; --force makes one anyway"};
    case RenditionState::transcode:
      return {"skipped", id, {}, "it would have to be encoded, which media.transcode does not allow"};
    default: return {"queued", id, {}, {}};
  }
}

int setThumbnail(Caller& caller, const ThumbnailOf& wanted) {
  Descriptor file;
  if (wanted.set == "-")
    file = Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  else
    file = FileOpener().open(wanted.set);
  if (!file) throwFileError("standard input", errno);
  const ByteSource picture = sourceOf(file, wanted.set);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    caller.toolkit().renditions().setThumbnail(caller.by(), {VideoId{id}}, picture);
    return {"set", id, wanted.set, {}};
  });
}

struct Picture {
  std::string bytes;
  std::string_view extension;
};

// Reads a picture of a video. Throws unreachable for what a server cannot have: it is asked for, not trusted.
Picture pictureOf(Caller& caller, const VideoId& id) {
  constexpr std::size_t most = 512 * 1024;  // as large as one that can be set
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kinds{
      {{"image/jpeg", "jpg"}, {"image/png", "png"}, {"image/webp", "webp"}}};
  const Content content = caller.toolkit().renditions().thumbnail(caller.by(), {id, {}});
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) { return one.first == content.meta.type; });
  if (kind == kinds.end() || content.meta.size > most)
    throw Error(Fault::unreachable, fmt::format("the server sent as a picture of video {} what is none", id.text));
  Picture picture{{}, kind->second};
  pushAll(content, "picture", [&](std::span<const std::byte> bytes) {
    picture.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return picture;
}

int getThumbnail(Caller& caller, const ThumbnailOf& wanted) {
  if (isStandardOutput(wanted.to)) {
    const Picture picture = pictureOf(caller, wanted.id);
    caller.out.bytes(std::as_bytes(std::span(picture.bytes)));
    return 0;
  }
  const Existing existing = wanted.overwrite ? Existing::replace : Existing::refuse;
  const std::filesystem::path to = wanted.to;
  std::error_code none;
  const bool folder = wanted.to.empty() || std::filesystem::is_directory(to, none);
  const FileOpener files(FileRights::write);
  std::optional<OutputFile> file;
  if (!folder) file.emplace(files, to, existing);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    const Picture picture = pictureOf(caller, {id});
    const std::string stem = safeFileName(id);
    if (!file) file.emplace(files, to / fmt::format("{}.{}", stem, picture.extension), to / (stem + ".part"), existing);
    file->write(std::as_bytes(std::span(picture.bytes)));
    file->finish();
    return {"downloaded", id, file->target().string(), {}};
  });
}

int thumbnail(Caller& caller, ThumbnailOf& wanted) {
  const int actions = (wanted.set.empty() ? 0 : 1) + (wanted.to.empty() ? 0 : 1) + (wanted.remove ? 1 : 0);
  if (actions > 1) throw Usage("video thumbnail: --set, --to and --remove cannot be combined");
  if (!wanted.set.empty()) return setThumbnail(caller, wanted);
  if (!wanted.remove) return getThumbnail(caller, wanted);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    caller.toolkit().renditions().removeThumbnail(caller.by(), {VideoId{id}});
    return {"removed", id, {}, {}};
  });
}

}  // namespace

void addRenditions(Commands& commands, CLI::App& video) {
  auto picture = commands.verb<ThumbnailOf>(video, "thumbnail", "Download, set or remove the picture of a video");
  picture.option("ID", &ThumbnailOf::id)->required();
  picture
      .option("--set", &ThumbnailOf::set,
              "set this picture: JPEG, PNG or WebP, at most 512 KiB; - reads standard input")
      ->type_name("FILE");
  picture
      .option("--to", &ThumbnailOf::to,
              "file or folder to write to, - for standard output; default: the video's ID in the current folder")
      ->type_name("FILE");
  picture.flag("--overwrite", &ThumbnailOf::overwrite, "replace the file to write to if it exists");
  picture.flag("--remove", &ThumbnailOf::remove, "remove the picture; if it had been set, one is made from the video");
  picture.givesResults();
  picture.runs(thumbnail);

  auto render = commands.verb<RenderVideos>(
      video, "render",
      "Make a playable form of videos, also if making it was given up before; the server needs ffmpeg");
  render.several("ID", &RenderVideos::ids, "videos; - reads one ID per line from standard input");
  render.flag("--force", &RenderVideos::force, "make it even if there is one, or if browsers can play the original");
  render.flag("--picture", &RenderVideos::picture, "make a picture instead; a picture that was set is kept");
  render.givesResults();
  render.runs([](Caller& caller, RenderVideos& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      const RenderVideo one{VideoId{id}, wanted.force ? std::optional(true) : std::nullopt,
                            wanted.picture ? std::optional(RenditionForm::thumbnail) : std::nullopt};
      return resultOf(caller.toolkit().renditions().render(caller.by(), one), id);
    });
  });

  auto list = commands.verb<ListRenditions>(
      video, "renditions",
      "List the picture and playable form of a video and their state; without ID, list those that were given up, of "
      "your videos, or for admins and the operator of all videos");
  list.option("ID", &ListRenditions::id, "ID of the video");
  list.option("--state", &ListRenditions::state, "without ID: waiting, transcode or dead; default: dead");
  list.option("--user", &ListRenditions::user)->type_name("USER");
  list.lists();
  list.givesList<Page<Rendition>>();
  list.runs([](Caller& caller, ListRenditions& wanted) {
    Renditions& renditions = caller.toolkit().renditions();
    if (wanted.id) {
      if (wanted.state || wanted.user) throw Usage("video renditions: --state and --user list all videos, without ID");
      caller.out.all(renditions.list(caller.by(), {*wanted.id}).items, "form,state,size,tries,error+");
      return 0;
    }
    caller.out.list(static_cast<RenditionQuery&>(wanted), "id,form,state,tries,error+",
                    [&](const RenditionQuery& query) { return renditions.listQueued(caller.by(), query); });
    return 0;
  });
}

}  // namespace video::ctl
