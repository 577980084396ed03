"""The fault catalogue: what can go wrong around a registration, and what must be so all the same.

Every case is put to the proof by a test that carries `@pytest.mark.case` (see `reliability`), or `NOT_TESTED` says why
it cannot be, and what is done instead. docs/reliability.md is made of both by `python tests/faults/report.py`.
"""

from dataclasses import dataclass

Cases = dict[str, tuple[str, str]]
"""By id: what is brought about, and what must be so all the same."""

INVARIANTS = {
    "I1": "A registration never has two live clusters, over restarts and with two operators at once.",
    "I2": "Every cluster that the operator made is named in a registration, or is still being looked for.",
    "I3": "DELETE is sent only for a cluster that the registration has a title to; forced only if the spec says so.",
    "I4": "A uuid is never lost, nor replaced by another one unless its cluster is confirmed to be missing.",
    "I5": "The finalizer is there before the first POST, and goes only when the cluster is seen to be gone or let go.",
    "I6": "A credential is sent to its own control plane only: verified, never over a redirect.",
    "I7": "A URL and a credential meet in an administrator's object only, which says what namespaces may use it.",
    "I8": "No secret shows in a status, an event, a log, an annotation or an error.",
    "I9": "Retry-After is a floor; calls in flight and calls a second have a bound; one token is asked for at a time.",
    "I10": "No field of a registration decides which address is called.",
    "I11": "A registration or a control plane that fails or hangs does not stop the others.",
    "I12": "What is suspended or only observes changes nothing.",
    "L1": "Once the faults are over, every registration becomes Ready by itself.",
    "L2": "A deletion ends once the control plane has ended its part.",
    "L3": "Then there is rest: nothing is written to either side.",
    "L4": "What waits for a person has a condition that says what for.",
}
"""What holds at every moment (I) and what comes to be in the end (L), whatever goes wrong."""

CREATING: Cases = {
    "R-01": ("killed after the POST is carried out, before its answer comes", "one cluster, found again"),
    "R-02": ("killed after the 201, before the uuid is written", "one cluster, found again"),
    "R-03": ("the POST is carried out, then the connection breaks or the answer is late", "looked for, not repeated"),
    "R-04": ("500 or 503 to the POST, after it was carried out or before", "one cluster in the end; it is said why"),
    "R-05": ("a 201 that cannot be read, or with another name, tenant or uuid", "not believed; the cluster is found"),
    "R-06": ("others write the object just when the uuid is to be written", "uuid not lost, no second POST"),
    "R-07": ("the API server is away just after the 201", "the uuid is kept and written when it is back"),
    "R-08": ("lists show a new cluster late, also over a crash", "no second POST before settle has passed; no loop"),
    "R-09": ("the watch stands still after the attempt was written", "nothing is sent from an old view"),
    "R-10": ("two registrations want one name at once", "one gets it; deleting the other deletes nothing"),
    "R-11": ("two operators are alive that do not know of each other", "each cluster is made once"),
    "R-12": ("an operator is frozen, another one takes over, the first goes on", "each cluster is made once"),
    "R-13": ("somebody else's cluster has the name", "neither adopted nor deleted"),
    "R-14": (
        "deleted and created anew while its POST is under way",
        "the old cluster goes, the new object gets its own",
    ),
    "R-15": ("the spec is edited again and again during the creation", "one POST; the last name in the end"),
    "R-16": (
        "restored without its status, or with a uuid that is not its own",
        "no second cluster, no title to others'",
    ),
    "R-17": ("the clocks of operator and control plane differ", "its own cluster is found, no other one taken for it"),
}
FOLLOWING: Cases = {
    "R-18": ("renamed in the control plane; the PUT fails or has no answer", "the name of the spec, the same cluster"),
    "R-19": ("deleted in the control plane", "reported; made again only where the policy allows it"),
    "R-20": ("a status that is null, unknown, odd or huge", "shown as far as it can be; bounded; no crash"),
    "R-21": ("the state flaps", "no more writes than looks; no call"),
    "R-22": ("a field is changed that cannot change", "refused in plain words, or explained; nothing moves"),
}
DELETING: Cases = {
    "R-23": ("killed at each point of a deletion", "the cluster goes, then the object; nothing else does"),
    "R-24": ("the namespace goes, or the credentials before the registration", "a condition that names the way out"),
    "R-25": ("a drain that never ends", "waits and says so; forced only where the spec says so"),
    "R-26": ("DELETE is answered 404, 401, 403 or 409", "the finalizer stays until the cluster is seen to be gone"),
    "R-27": ("lists hide the draining cluster", "that is not taken for gone"),
    "R-28": ("deleted before its POST was sent, or while its outcome is unknown", "no cluster is left"),
    "R-29": ("the finalizer is removed by hand while the cluster drains", "no crash; the uuid is in an error line"),
    "R-30": ("DELETE is answered 204 and the cluster is still there", "seen, and asked for again"),
    "R-31": ("the credential leads into another tenant, which knows of no such cluster", "not taken for gone"),
    "R-32": ("very many deletions, with a restart among them", "all go; about one DELETE each; nothing is left"),
}
CONTROL_PLANE: Cases = {
    "R-33": ("429 with Retry-After in seconds, as a date, absurd, negative or absent", "obeyed as a floor, capped"),
    "R-34": ("503 for minutes with a thousand waiting", "a few probes; then all get through, without a herd"),
    "R-35": ("answers that drip, never end, are huge, unpack to more, or nest without end", "cut; others go on"),
    "R-36": ("connections are accepted and never answered", "ended by the operator's own timeouts"),
    "R-37": ("names resolve otherwise, IPv6 only, a kept connection was closed", "reads are tried again, writes never"),
    "R-38": ("every token is rejected at once, with very many waiting", "one new token; one more try each; no loop"),
    "R-39": ("a token's lifetime is absurd", "clamped"),
    "R-40": ("credentials rotated, revoked, of another tenant, incomplete or with white space", "goes on, or says why"),
    "R-41": ("a certificate of another CA, another host or the past; a new CA", "no credential is sent; no restart"),
}
KUBERNETES: Cases = {
    "R-42": ("410, a silent watch, a lost event, an old list, a restarted API server", "nothing is done by old data"),
    "R-43": ("rights are taken away and given back", "no call whose outcome could not be written; heals by itself"),
    "R-44": ("nothing happens at all", "nothing is written"),
    "R-45": (
        "the CRDs are absent at the start, older or newer, fields unknown",
        "a clear end, or waiting; nothing lost",
    ),
    "R-46": ("etcd is full, an object too large", "what is written is bounded; it goes on afterwards"),
}
SECURITY: Cases = {
    "S-01": ("a tenant wants a shared credential to be sent elsewhere", "cannot be said: a registration has no URL"),
    "S-02": ("a URL that points inside, or hides where it points", "refused"),
    "S-03": ("a host name that resolves to another address once it was accepted", "no credential gets there"),
    "S-04": ("a redirect, to another host or to http, of the token request too", "not followed"),
    "S-05": ("a Secret of another namespace, by name or by path", "cannot be named; only what has our label changes"),
    "S-06": ("the install Secret is to overwrite another one", "refused"),
    "S-07": ("a control plane that repeats secrets, in whatever form", "they show nowhere"),
    "S-08": ("names with line breaks, colours or formats; very long ones", "refused, or made harmless"),
    "S-09": ("one tenant makes very many registrations, or edits one all the time", "the others are served"),
    "S-10": ("the shipped Role and nothing more", "enough, and no more than what is used; no list of Secrets"),
    "S-11": ("Pod Security restricted, network closed, file system read-only", "deploys and works"),
    "S-12": ("artefacts that are not what was released", "signatures, provenance and contents can be checked"),
    "S-13": ("anybody asks the health and metrics ports", "no secret and no tenant's names"),
    "S-14": ("rules of the CRD that are made expensive", "every text and list is bounded"),
    "S-15": ("a proxy in the environment", "not used"),
}
GROUPS = {
    "Creating, and whose cluster it is": CREATING,
    "Changes and drift": FOLLOWING,
    "Deleting": DELETING,
    "The control plane's answers, tokens and certificates": CONTROL_PLANE,
    "The Kubernetes API": KUBERNETES,
    "Security and abuse": SECURITY,
}
CASES = [case for group in GROUPS.values() for case in group]
"""Every id, in the order of the page."""


@dataclass(frozen=True)
class NotTested:
    """Why a case has no test, and what is done instead."""

    why: str
    instead: str


NOT_TESTED = {
    "S-03": NotTested(
        "a name server of our own would be needed, and the operator resolves no name itself",
        "only an administrator names a host, and TLS verifies that name on every connection before a credential is"
        " sent (`controlplane/test_tls.py`), so that a stranger's address gets nothing; with `allowInsecureTransport`"
        " there is no such protection, which is why it has to be asked for",
    ),
    "S-11": NotTested(
        "it takes a kubelet and a network, and these tests have an API server only",
        "the image has a numeric user and needs no writable file system (`house/test_image.py`); a namespace that"
        " enforces *restricted* takes the chart's pod, with its read-only root and the NetworkPolicy that can be"
        " switched on (`chart/test_served.py`); `e2e/test_installation.py` runs it as pods for whoever gives it a"
        " cluster, and is not part of this table",
    ),
    "S-12": NotTested(
        "the release workflow signs image and chart, and adds provenance and a list of contents (SBOM), but it has"
        " never run: there is no release yet",
        "everything that is installed is pinned by hash, and the image has no build tools (`house/test_locks.py`,"
        " `house/test_image.py`); what the workflow says is held to its rules (`house/test_workflows.py`)",
    ),
}

RESIDUAL = (
    (
        "The API has no idempotency key. A POST that the control plane carries out later than `settle` after it was"
        " announced makes a cluster that nobody waits for any more; it is named in the registration, if that is still"
        " there."
    ),
    (
        "A cluster that somebody else makes with the same name, domain and version in the very seconds of a lost POST"
        " cannot be told from the registration's own. Once it has connected it is not deleted, unless"
        " `deletion.policy` is written."
    ),
    "A cluster that a person renames in the control plane while its creation is unclear is not found again.",
    "A finalizer that is removed by hand leaves a cluster behind. It is named in the log, if the operator runs.",
    (
        "Whether names are unique, and that DELETE answers 404 for what is gone, is not in the API file. The simulated"
        " control plane does it either way; no real one was asked yet."
    ),
    "An administrator may name any host, private addresses included: that is where self-hosted control planes are.",
)
"""What no test can show otherwise."""
