"""What a registration needs next: a pure function from one observed truth to one action.

Each row of the table is a test of the same name (`tests/core/test_decide.py`). Rows are tried from above; those of the
install Secret are tried where a row above says Ready with a title, or Release, and take its place. `reconcile` applies
the action, looks again and decides again, until the action is to stand.

=====================  ==================================================================  ===========================
row                    what is observed                                                    action
=====================  ==================================================================  ===========================
answer-in-hand         a 201 is in memory and not in the status                            Stand Registered, title
answer-beside-uuid     a 201 is in memory, the status holds another uuid (not missing)     Stand CreateAmbiguous
answer-beside-absent   the same, absent from a settled list, no GET since                  ReadCluster
answer-beside-gone     the same, 404 after that list: the status holds the only one        Stand Registered
not-ours-to-hold       deleting, our finalizer is gone                                     Leave
release-annotation     deleting, release: orphan                                           Release
orphan-policy          deleting, policy Orphan (default of an adopted cluster)             Release
nothing-registered     deleting, no title and no open attempt                              Release
finalizer-wiped        registered, our finalizer is missing                                Hold
attempt-wiped          open attempt in memory, finalizer or annotation gone                Hold, the attempt with it
fresh-look             reconcile-requested-at not handled, no look since                   ReadClusters
spec-invalid           the spec cannot be read                                             Stand InvalidSpec
attempt-unreadable     the annotation cannot be read and the status does not close it      Stand CreateAmbiguous
plane-absent           no such RunaiControlPlane                                           Stand ControlPlaneNotFound
namespace-refused      allowedNamespaces leaves the namespace out                          Stand NamespaceNotAllowed
plane-leaving          the RunaiControlPlane is being deleted, nothing registered          Stand ControlPlaneNotReady
title-elsewhere        the status holds a cluster of another control plane                 Stand OwnershipConflict
suspended-new          suspended, nothing registered                                       Stand Suspended
suspended-registered   suspended, a cluster is held                                        Stand, last Ready kept
other-tenant           the status names another tenant than the control plane              Stand TenantChanged
plane-in-trouble       the poller reports a trouble                                        Stand with its reason
plane-silent           registered and applied, the control plane out of reach for a while  Stand, last Ready kept
blocked-deletion       deleting, one of the above                                          Stand DeletionBlocked
never-listed           no list of clusters so far                                          ReadClusters
attempt-announced      own attempt, durable, fresh, still what the spec says               Create
attempt-stale          own attempt, not sent and not fresh any more                        Announce a new one
attempt-refused        own attempt, definitely refused                                     Stand, attempt closed
attempt-refused-chain  own attempt refused, earlier ones unresolved                        Hold, marked refused
attempt-old-list       open attempt, the list began before it                              ReadClusters
attempt-candidate      open attempt, one candidate, registrations not listed since         ReadRegistrations
attempt-claimed        open attempt, one candidate, no rival in a live list                Stand Registered (Recovered)
attempt-rival          open attempt, one candidate, another open attempt of the name       Stand CreateAmbiguous
attempt-several        open attempt, several candidates                                    Stand CreateAmbiguous
attempt-late-cluster   open attempt, no candidate, a match made after the window           Stand CreateAmbiguous
attempt-filled-in      open attempt, a match but for a domain or version never sent        Stand CreateAmbiguous
attempt-leaving        deleting, open attempt, a match that is under deletion              Stand Deleting
attempt-unsettled      open attempt, no candidate, settle not over                         Stand Registering
attempt-nothing        open attempt, no candidate in a list begun after settle             Announce, earlier kept
attempt-deleted        the same, deleting                                                  Release
delete-foreign         deleting, another registration goes before it                       Release
delete-young           asked, absent, younger than settle                                  Stand Deleting
delete-gone            asked, absent from a later, settled list                            Release
delete-gone-beside     the same, a lost answer may have made another cluster               Stand DeletionBlocked
delete-protected       deleting, deletionProtection                                        Stand DeletionBlocked
delete-observed        deleting, mode Observe, a cluster is held                           Stand DeletionBlocked
delete-recovered       deleting, Recovered, connected since, no policy written             Stand DeletionBlocked
delete-unread          deleting, who holds the uuid not read live                          ReadHolders
delete-ask             deleting, read live                                                 Delete
delete-forced          deleting, force: true                                               Delete with force
delete-refused         deleting, the call failed, the list shows it                        Stand DeletionBlocked
delete-refused-gone    deleting, the call failed, absent from a settled list and from GET  Release
delete-look            asked, no list since                                                ReadClusters
delete-draining        asked, the list shows it draining                                   Stand Deleting
delete-again           asked, a later list shows it not being deleted                      Delete
delete-ignored         the same, asked again not long ago                                  Stand Deleting
delete-overdue-wait    past the deadline, onTimeout Wait                                   Stand DeletionBlocked
delete-overdue-force   past the deadline, onTimeout Force                                  Delete with force
delete-overdue-forced  forced, and deletion.timeout has passed since                       Stand DeletionBlocked
delete-overdue-orphan  past the deadline, onTimeout Orphan                                 Release
title-conflict         registered, another registration goes before it                     Stand OwnershipConflict
surplus                registered after a lost answer, a second matching cluster           Stand CreateAmbiguous
leaving                shown as being deleted by somebody else                             Stand ClusterMissing
in-step                registered, shown, name as asked for                                Stand Registered
put-unconfirmed        the name was put, and for long no list has been late enough         ReadClusters
drift-reported         other name, onDrift Report                                          Stand Registered, Drifted
rename-unread          other name, registration not read live                              ReadRegistration
rename                 other name, read live                                               Rename
rename-taken           other name, the name is used                                        Stand NameTaken
rename-undone          other name, put three times and changed again each time             Stand OwnershipConflict
rename-failed          other name, the last call failed                                    Stand with its reason
observe-registered     mode Observe, a cluster is held, other name                         Stand Observing, planned
absent-young           not listed, younger than settle                                     Stand Registered
absent-unproven        not listed, no GET since                                            ReadCluster
missing-reported       404 after the list, ever connected (or onMissing Report)            Stand ClusterMissing
missing-recreated      404 after the list, never connected (or onMissing Recreate)         Announce, replaces uuid
observe-new            mode Observe, nothing held                                          Stand Observing
observe-closes         mode Observe, an open attempt that made nothing                     Stand Observing, closed
observe-held           mode Observe, adopt names what another registration holds           Stand Observing
adopt-absent           adopt, no such live cluster                                         Stand AdoptionTargetNotFound
adopt-unread           adopt, registrations not listed live                                ReadRegistrations
adopt-held             adopt, another registration holds it                                Stand OwnershipConflict
adopt-unclear          adopt, another's attempt may have made it, for long                 Stand OwnershipConflict
adopt-hold             adopt, free, our finalizer is missing                               Hold
adopt                  adopt, free, held by our finalizer                                  Stand Adopted, title
create-failed          new, the last call failed                                           Stand with its reason
create-name-exists     new, a live cluster has the name                                    Stand NameTaken
create-name-claimed    new, another registration holds or creates the name                 Stand NameTaken
create-old-list        new, the list is older than 5 s                                     ReadClusters
create                 new, the name is free in a fresh list                               Announce
install-unrecorded     Ready, installSecret asked for, the title not in the status so far  Stand Registering
install-failed         Ready, the last try at the install Secret failed                    Stand with its reason
install-versionless    Ready, neither spec nor control plane name a version                Stand InvalidSpec
install-unread         Ready, the install Secret not looked at lately                      ReadInstallSecret
install-conflict       Ready, a Secret of the name is not ours                             Stand InstallSecretConflict
install-owed           Ready, none, or ours for another uuid, version, domain or policy    WriteInstallSecret
install-old-unread     Ready, a Secret of another name recorded, not looked at lately      ReadInstallSecret
install-old            Ready, our Secret of another name, or none asked for any more       RemoveInstallSecret
install-written        Ready, the install Secret ours and as asked for                     Stand Registered
install-left-unread    Release of a cluster by Orphan, the Secret not looked at lately     ReadInstallSecret
install-left-owned     Release of a cluster by Orphan, the Secret ours and owned           FreeInstallSecret
=====================  ==================================================================  ===========================
"""

from runai_registrar.core.actions import Action, Leave
from runai_registrar.core.create import begin
from runai_registrar.core.delete import delete, let_go
from runai_registrar.core.hold import hold
from runai_registrar.core.install import finish
from runai_registrar.core.keep import keep
from runai_registrar.core.observed import Observed
from runai_registrar.core.obstacles import obstacle
from runai_registrar.core.record import record
from runai_registrar.core.recover import recover
from runai_registrar.core.request import again, fresh_look
from runai_registrar.core.verdicts import own_title


def decide(o: Observed) -> Action:
    """Return the next action for a registration; the table above says which, and in what order."""
    return again(o, finish(o, record(o) or _leave(o) or let_go(o) or hold(o) or _in_the_open(o)))


def _in_the_open(o: Observed) -> Action:
    """Everything for which the control plane is asked, or would be if nothing were in the way."""
    return fresh_look(o) or obstacle(o) or recover(o) or _proceed(o)


def _leave(o: Observed) -> Leave | None:
    let_go = not o.registration.held or o.memory.released
    return Leave() if o.registration.deleting and let_go else None


def _proceed(o: Observed) -> Action:
    """Nothing in hand, in the way or unresolved: delete, keep, or begin."""
    if o.registration.deleting:
        return delete(o)
    held = own_title(o)
    return keep(o, held) if held else begin(o)
