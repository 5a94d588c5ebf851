#include "frame/command.hpp"
#include "frame/file_opener.hpp"
#include "frame/files.hpp"
#include "subtitles/fields.hpp"

namespace video::ctl {
namespace {

struct AddSubtitle : NewSubtitle {
  std::string file;
};

struct TheseSubtitles {
  VideoId video;
  std::vector<std::string> languages;
};

}  // namespace

void addSubtitle(Commands& commands, CLI::App& video) {
  CLI::App& noun = Commands::group(video, "subtitle", "Subtitles of a video");

  auto add = commands.verb<AddSubtitle>(noun, "add", "Add subtitles, and replace those in the same language");
  add.option("ID", &NewSubtitle::video)->required();
  add.option("FILE", &AddSubtitle::file,
             "WebVTT or SubRip (.srt), in UTF-8, UTF-16 or GB18030, at most 2 MiB; convert others first, such as with "
             "iconv -f WINDOWS-1252 -t UTF-8")
      ->required();
  add.option("--lang", &NewSubtitle::lang)->type_name("LANG")->required();
  add.option("--label", &NewSubtitle::label);
  add.givesResults();
  add.runs([](Caller& caller, AddSubtitle& wanted) {
    const FileOpener opener;
    const Descriptor file = opener.open(wanted.file);
    return runBatch(caller, Items({wanted.video.text}), [&](const std::string& id) -> Result {
      const StoredSubtitle stored = caller.toolkit().subtitles().put(caller.by(), wanted, sourceOf(file, wanted.file));
      return {stored.replaced ? "replaced" : "added", id, wanted.file, stored.lang};
    });
  });

  auto list = commands.verb<SubtitleQuery>(noun, "list", "List the subtitles of a video");
  list.option("ID", &SubtitleQuery::video)->required();
  list.lists();
  list.givesList<Page<Subtitle>>();
  list.runs([](Caller& caller, SubtitleQuery& wanted) {
    Subtitles& subtitles = caller.toolkit().subtitles();
    caller.out.list(wanted, "lang,label+,size,url+",
                    [&](const SubtitleQuery& query) { return subtitles.list(caller.by(), query); });
    return 0;
  });

  auto remove = commands.verb<TheseSubtitles>(noun, "delete", "Delete subtitles of a video");
  remove.option("ID", &TheseSubtitles::video, "the video")->required();
  remove.several("LANG", &TheseSubtitles::languages, "their languages; - reads one per line from standard input");
  remove.givesResults();
  remove.runs([](Caller& caller, TheseSubtitles& wanted) {
    return runBatch(caller, Items(wanted.languages, caller.flags), [&](const std::string& lang) -> Result {
      caller.toolkit().subtitles().remove(caller.by(), {wanted.video, lang});
      return {"deleted", lang, {}, {}};
    });
  });
}

}  // namespace video::ctl
