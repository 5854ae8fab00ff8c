"""The form of every import page: one file, not empty, not too large."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.records.held_file import MAX_BYTES


class FileForm(forms.Form):
    file = forms.FileField(label=_("File"), allow_empty_file=False)

    def clean_file(self) -> "UploadedFile[bytes]":
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        if (upload.size or 0) > MAX_BYTES:
            raise forms.ValidationError(say("Il file è più grande di 10 MB. Dividilo, o importalo dalla riga di comando."))
        return upload
