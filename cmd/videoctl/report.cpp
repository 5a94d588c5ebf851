#include "frame/command.hpp"
#include "reports/fields.hpp"

namespace video::ctl {
namespace {

struct ResolveReports : ResolveReport {
  std::vector<std::string> ids;
};

// Adds what every kind of report takes, and its action.
template <class Wanted>
void addReportVerb(Verb<Wanted>& verb, Reported (Reports::*report)(const Credential&, const Wanted&),
                   std::string (*idOf)(const Wanted&)) {
  verb.option("--reason", &NewReport::reason, "why")->required();
  verb.option("--text", &NewReport::text);
  verb.option("--contact", &NewReport::contact);
  verb.givesResults();
  verb.runs([report, idOf](Caller& caller, Wanted& wanted) {
    return runBatch(caller, Items({idOf(wanted)}), [&](const std::string& id) -> Result {
      const Reported made = (caller.toolkit().reports().*report)(caller.by(), wanted);
      // A guest does not learn which one it is.
      const bool isUser = !std::holds_alternative<Anonymous>(caller.by());
      return {made.id || !isUser ? "reported" : "reported-before", id, {}, {}};
    });
  });
}

}  // namespace

void addReport(Commands& commands) {
  CLI::App& noun = commands.noun(
      "report", "Reports of videos, comments and users to the moderators",
      {{"Report the newest video",
        "id=$(videoctl video list --limit 1 -o id)\nvideoctl --as ada report video \"$id\" --reason spam"},
       {"List what waits for a decision", "videoctl report list"},
       {"Dismiss all open reports of that video",
        "videoctl report list --video \"$id\" -o id | videoctl report resolve - --decision dismissed"},
       {"Show what became of ada's reports", "videoctl --as ada report made"}});

  auto video = commands.verb<ReportVideo>(noun, "video", "Report a video");
  video.option("VIDEO", &ReportVideo::video)->required();
  addReportVerb<ReportVideo>(video, &Reports::video, [](const ReportVideo& wanted) { return wanted.video.text; });

  auto comment = commands.verb<ReportComment>(noun, "comment", "Report a comment");
  comment.option("VIDEO", &ReportVideo::video)->required();
  comment.option("ID", &ReportComment::comment)->required();
  addReportVerb<ReportComment>(comment, &Reports::comment,
                               [](const ReportComment& wanted) { return wanted.comment.text; });

  auto user = commands.verb<ReportUser>(noun, "user", "Report a user");
  user.option("NAME", &ReportUser::user)->required();
  addReportVerb<ReportUser>(user, &Reports::user, [](const ReportUser& wanted) { return wanted.user; });

  auto list = commands.verb<ReportQuery>(noun, "list", "List reports, oldest first; for moderators");
  list.option("--state", &ReportQuery::state);
  list.option("--video", &ReportQuery::video)->type_name("VIDEO");
  list.option("--user", &ReportQuery::user)->type_name("USER");
  list.lists();
  list.givesList<Page<ReceivedReport>>();
  list.runs([](Caller& caller, ReportQuery& wanted) {
    Reports& reports = caller.toolkit().reports();
    caller.out.list(wanted, "reason,what,text+16,id,author+,time,reporter+,contact+,video_id",
                    [&](const ReportQuery& query) { return reports.list(caller.by(), query); });
    return 0;
  });

  auto show = commands.verb<ReportRef>(noun, "show", "Show a report; for moderators");
  show.option("ID", &ReportRef::id)->required();
  show.givesOne<ReceivedReport>();
  show.runs([](Caller& caller, ReportRef& wanted) {
    caller.out.one([&] { return caller.toolkit().reports().show(caller.by(), wanted); });
    return 0;
  });

  auto resolve = commands.verb<ResolveReports>(
      noun, "resolve", "Record the decision on reports; it does not block, mute or delete anything");
  resolve.several("ID", &ResolveReports::ids, "reports; - reads one ID per line from standard input");
  resolve.option("--decision", &ResolveReport::decision, "the decision: dismissed, or what was done about it")
      ->required();
  resolve.option("--text", &ResolveReport::text);
  resolve.givesResults();
  resolve.runs([](Caller& caller, ResolveReports& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      wanted.id = ReportId{id};
      caller.toolkit().reports().resolve(caller.by(), wanted);
      return {"resolved", id, {}, {}};
    });
  });

  auto made = commands.verb<ReportsMadeQuery>(noun, "made", "List the reports that you have made, with the decisions");
  made.option("--user", &ReportsMadeQuery::user, "the user who reported; default: you")->type_name("USER");
  made.lists();
  made.givesList<Page<Report>>();
  made.runs([](Caller& caller, ReportsMadeQuery& wanted) {
    if (wanted.user.empty()) wanted.user = caller.self("report made", "--user");
    Reports& reports = caller.toolkit().reports();
    caller.out.list(wanted, "reason,what,time,state,decision,user_name+,decision_text+,id,video_id",
                    [&](const ReportsMadeQuery& query) { return reports.made(caller.by(), query); });
    return 0;
  });
}

}  // namespace video::ctl
