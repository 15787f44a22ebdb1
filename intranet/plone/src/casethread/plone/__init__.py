"""Casethread in a Plone intranet: knowledge articles, a case's communications, who is free now."""

from zope.i18nmessageid import MessageFactory

_ = MessageFactory("casethread.plone")
