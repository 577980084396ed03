"""Creating, reading, renaming and listing clusters."""

import uuid

import pytest

from runai_registrar.simulator import Admin, Clock
from runai_registrar.simulator.clock import FROZEN_AT, rfc3339
from simulator.calls import CLUSTERS, Api


def test_created_cluster_is_displayed(api: Api) -> None:
    """A 201 shows the cluster with a fresh uuid, its tenant, its fields and the time."""
    answer = api.create("gpu-east", domain="https://gpu-east.example.com", version="2.24.18")

    shown = answer.json()
    assert answer.status_code == 201
    assert str(uuid.UUID(shown["uuid"])) == shown["uuid"]
    assert shown["tenantId"] == 1001
    assert (shown["name"], shown["domain"], shown["version"]) == ("gpu-east", "https://gpu-east.example.com", "2.24.18")
    assert shown["createdAt"] == rfc3339(FROZEN_AT)
    assert shown["status"]["state"] == "WaitingToConnect"


def test_created_cluster_can_be_read_and_listed(api: Api) -> None:
    """What POST returned is what GET and the list show."""
    created = api.create("gpu-east").json()

    assert api.cluster(created["uuid"]).json() == created
    assert api.cluster(created["uuid"].upper()).json() == created
    assert api.listed() == [created]


def test_metadata_verbosity_leaves_the_status_out(api: Api) -> None:
    """verbosity=metadata shows everything but status, in the list and by uuid; full is the default."""
    uid = api.new("gpu-east")
    full = api.cluster(uid).json()
    metadata = {name: value for name, value in full.items() if name != "status"}

    assert api.cluster(uid, verbosity="metadata").json() == metadata
    assert api.listed(verbosity="metadata") == [metadata]
    assert api.listed(verbosity="full") == [full]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[]", "the body must be a JSON object"),
        ("{}", "name is required"),
        ('{"name": 7}', "name must be a string"),
        ('{"name": "x", "domain": null}', "domain must be a string"),
        ('{"name": "x", "version": 2.24}', "version must be a string"),
        ('{"name": ', "the body is not valid JSON"),
        ("[" * 100_000, "the body is not valid JSON"),
    ],
)
def test_wrong_body_is_refused(api: Api, body: str, sentence: str) -> None:
    """A body that the API file does not allow is answered 400 with a sentence, and creates nothing."""
    answer = api.post(CLUSTERS, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()) == (400, {"code": 400, "message": sentence})
    assert api.listed() == []


def test_body_must_be_json_by_its_type_too(api: Api) -> None:
    """A body that is not declared as JSON is answered 415."""
    assert api.post(CLUSTERS, content=b'{"name": "x"}').status_code == 415


@pytest.mark.parametrize(
    "query",
    [
        "verbosity=loud",
        "includeRequestedForDelete=yes",
        "includeRequestedForDelete=",
        "includeRequestedForDelete=true&includeRequestedForDelete=false",
    ],
)
def test_wrong_query_is_refused(api: Api, query: str) -> None:
    """A query parameter outside of what the API file allows is answered 400."""
    assert api.get(f"{CLUSTERS}?{query}").status_code == 400


def test_a_path_segment_that_is_no_uuid_is_refused(api: Api) -> None:
    """A call by something that is no uuid is answered 400."""
    answers = (api.cluster("nonsense"), api.rename("nonsense", "x"), api.remove("nonsense"))

    assert [answer.status_code for answer in answers] == [400, 400, 400]


def test_unknown_uuid_is_not_found(api: Api) -> None:
    """Each call by a uuid that no cluster has is answered 404."""
    absent = str(uuid.uuid4())
    answers = (api.cluster(absent), api.install_info(absent, version="2.24"), api.rename(absent, "x"))

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_unknown_paths_and_methods_are_explained(api: Api) -> None:
    """A path that does not exist is 404, a method it does not have is 405 with Allow, both with an Error body."""
    unknown, wrong = api.get("/api/v1/nothing"), api.patch(CLUSTERS)

    assert (unknown.status_code, unknown.json()["code"]) == (404, 404)
    assert (wrong.status_code, wrong.json()["code"]) == (405, 405)
    assert wrong.headers["Allow"] == "GET, POST"


def test_second_cluster_of_a_name_is_refused(api: Api) -> None:
    """With unique names, POST and PUT of a taken name are 409 with the control plane's own words."""
    api.new("gpu-east")
    other = api.new("gpu-west")
    answers = (api.create("gpu-east"), api.rename(other, "gpu-east"))

    for answer in answers:
        expected = {"code": 409, "message": "Resource with this name already exists"}
        assert (answer.status_code, answer.json()) == (409, expected)
    assert api.names() == ["gpu-east", "gpu-west"]


def test_names_need_not_be_unique(api: Api, admin: Admin) -> None:
    """With uniqueNames off there are two clusters of one name."""
    admin.settings(uniqueNames=False)
    first, second = api.new("gpu-east"), api.new("gpu-east")

    assert first != second
    assert api.names() == ["gpu-east", "gpu-east"]


def test_conflict_can_have_another_status(api: Api, admin: Admin) -> None:
    """The setting conflictStatus says how a taken name is refused."""
    admin.settings(conflictStatus=400)
    api.new("gpu-east")

    assert api.create("gpu-east").status_code == 400


def test_rename(api: Api, clock: Clock) -> None:
    """PUT renames with 204, moves updatedAt on, and frees the old name."""
    uid = api.new("gpu-east")
    clock.advance(5)
    answer = api.rename(uid, "gpu-west")

    shown = api.cluster(uid).json()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (shown["name"], shown["updatedAt"]) == ("gpu-west", rfc3339(FROZEN_AT + 5))
    assert api.create("gpu-east").status_code == 201


def test_rename_to_the_same_name(api: Api) -> None:
    """Renaming a cluster to the name it has is no conflict."""
    uid = api.new("gpu-east")

    assert api.rename(uid, "gpu-east").status_code == 204


def test_rename_of_an_absent_cluster_can_pass(api: Api, admin: Admin) -> None:
    """The setting putAbsentStatus says what PUT of an absent cluster answers."""
    admin.settings(putAbsentStatus=204)

    assert api.rename(str(uuid.uuid4()), "x").status_code == 204


def test_list_lag(api: Api, admin: Admin, clock: Clock) -> None:
    """A new cluster is hidden in lists for listLag, but not from GET by uuid."""
    admin.settings(listLag=10)
    uid = api.new("gpu-east")

    clock.advance(9.9)
    assert api.names() == []
    assert api.cluster(uid).status_code == 200
    clock.advance(0.1)
    assert api.names() == ["gpu-east"]


def test_get_lag(api: Api, admin: Admin, clock: Clock) -> None:
    """A new cluster is hidden from calls by uuid for getLag, but not in lists."""
    admin.settings(getLag=10)
    uid = api.new("gpu-east")

    assert (api.cluster(uid).status_code, api.names()) == (404, ["gpu-east"])
    clock.advance(10)
    assert api.cluster(uid).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "n" * 254}, 400),
        ({"name": "n" * 253, "domain": "d" * 253, "version": "v" * 50}, 201),
        ({"name": "n", "domain": "d" * 254}, 400),
        ({"name": "n", "version": "v" * 51}, 400),
    ],
)
def test_strict_limits(api: Api, admin: Admin, fields: dict[str, str], status: int) -> None:
    """With strictLimits the lengths of the 2.25 API hold."""
    admin.settings(strictLimits=True)

    assert api.create(**fields).status_code == status


def test_without_strict_limits_the_api_file_holds(api: Api) -> None:
    """The 2.24 file knows no limits: an empty and a very long name pass."""
    assert api.create("").status_code == 201
    assert api.create("n" * 10_000).status_code == 201


@pytest.mark.parametrize(
    ("form", "given", "shown"),
    [
        ("asGiven", "https://a.example.com", "https://a.example.com"),
        ("bare", "https://a.example.com", "a.example.com"),
        ("bare", "a.example.com", "a.example.com"),
        ("url", "a.example.com", "https://a.example.com"),
        ("url", "https://a.example.com", "https://a.example.com"),
    ],
)
def test_domain_can_be_written_back_otherwise(api: Api, admin: Admin, form: str, given: str, shown: str) -> None:
    """The setting domainShown says in which form a domain comes back."""
    admin.settings(domainShown=form)

    assert api.create("gpu-east", domain=given).json()["domain"] == shown


def test_body_over_the_limit(api: Api) -> None:
    """A request body over 1 MiB is answered 413."""
    assert api.create("n" * 1_100_000).status_code == 413
