#include "frame/command.hpp"
#include "uploads/fields.hpp"

namespace video::ctl {
namespace {

struct TheseUploads {
  std::vector<std::string> ids;
};

}  // namespace

void addUploads(Commands& commands) {
  CLI::App& noun = commands.noun("upload", "Uploads that can be resumed: list, show, remove",
                                 {{"List the uploads of all users", "videoctl upload list"},
                                  {"Remove ada's uploads, and the videos that were created for them",
                                   "videoctl upload list --user ada -o id | videoctl upload abort -"}});

  auto list = commands.verb<UploadQuery>(noun, "list",
                                         "List your uploads that can be resumed; admins and the operator see all");
  list.option("--user", &UploadQuery::user)->type_name("USER");
  list.lists();
  list.givesList<Page<ResumableUpload>>();
  list.runs([](Caller& caller, UploadQuery& wanted) {
    Uploads& uploads = caller.toolkit().uploads();
    caller.out.list(wanted, "name+,offset,size,state,id,expires,user_name+,video_id",
                    [&](const UploadQuery& query) { return uploads.list(caller.by(), query); });
    return 0;
  });

  auto show = commands.verb<UploadRef>(noun, "show", "Show an upload that can be resumed");
  show.option("ID", &UploadRef::id)->required();
  show.givesOne<ResumableUpload>();
  show.runs([](Caller& caller, UploadRef& wanted) {
    caller.out.one([&] { return caller.toolkit().uploads().show(caller.by(), wanted); });
    return 0;
  });

  auto abort = commands.verb<TheseUploads>(
      noun, "abort", "Remove uploads, and the videos that were created for them if they are still pending");
  abort.several("ID", &TheseUploads::ids, "uploads; - reads one ID per line from standard input");
  abort.givesResults();
  abort.runs([](Caller& caller, TheseUploads& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      caller.toolkit().uploads().abort(caller.by(), {UploadId{id}});
      return {"aborted", id, {}, {}};
    });
  });
}

}  // namespace video::ctl
