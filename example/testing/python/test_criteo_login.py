import pytest
from criteo_login import CriteoError


def sign_in(criteo, sandbox):
    callback_url = sandbox.approve(criteo.consent_url("abc"), advertisers=["13"])
    return criteo.finish(callback_url, "abc")


def test_signs_in_and_lists_the_advertisers_that_were_ticked(criteo, sandbox):
    tokens = sign_in(criteo, sandbox)
    assert criteo.advertisers(tokens["access_token"]) == ["Northwind Outdoor"]


def test_has_no_tokens_of_a_user_who_declines(criteo, sandbox):
    assert criteo.finish(sandbox.deny(criteo.consent_url("abc")), "abc") is None
    assert sandbox.requests("?endpoint=token") == []


def test_refuses_a_login_that_was_started_elsewhere(criteo, sandbox):
    callback_url = sandbox.approve(criteo.consent_url("of another session"))
    with pytest.raises(ValueError):
        criteo.finish(callback_url, "abc")


def test_refreshes_an_access_token_that_has_expired(criteo, sandbox):
    tokens = sign_in(criteo, sandbox)
    sandbox.advance(15 * 60 * 1000)
    with pytest.raises(CriteoError) as expired:
        criteo.advertisers(tokens["access_token"])
    assert expired.value.status == 401
    fresh = criteo.refresh(tokens["refresh_token"])
    assert criteo.advertisers(fresh["access_token"]) == ["Northwind Outdoor"]


def test_says_that_the_user_revoked_the_consent(criteo, sandbox):
    tokens = sign_in(criteo, sandbox)
    sandbox.revoke()
    with pytest.raises(CriteoError, match="invalid_grant"):
        criteo.refresh(tokens["refresh_token"])


def test_says_that_criteo_is_down(criteo, sandbox):
    tokens = sign_in(criteo, sandbox)
    sandbox.fault(on="api", status=503)
    with pytest.raises(CriteoError, match="503"):
        criteo.advertisers(tokens["access_token"])
