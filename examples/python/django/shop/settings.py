"""The settings of the shop."""

import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only for this example")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["flagstaff.contrib.django", "shop"]
MIDDLEWARE = ["flagstaff.contrib.django.FlagsMiddleware"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

# URL and KEY come from the environment: FLAGSTAFF_URL and FLAGSTAFF_KEY.
FLAGSTAFF = {"CONTEXT": "shop.flags.context"}
