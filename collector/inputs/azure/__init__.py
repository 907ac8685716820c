"""Ways in to Azure that all inputs share: the login at Entra ID, proxies, and whom TLS trusts.

Promises: a credential that cannot be made is no crash, it says at each login what is wrong; no redirect is followed
with a credential in hand; a login never leaves TLS. Does not promise that the login succeeds.
"""
